from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

from aurora_gradcam.errors import ConfigError, InputError
from aurora_gradcam.training import network
from aurora_gradcam.training.vision import models

CARD = network.ModelCard(backbone="efficientnet_b0", image_size=32, provenance={"seed": 3})


@pytest.fixture(scope="module")
def small() -> torch.nn.Module:
    torch.set_num_threads(1)
    return network.build("efficientnet_b0", seed=3).eval()


def state_of(module):
    return torch.cat([tensor.flatten().double() for tensor in module.state_dict().values()])


@pytest.mark.parametrize(
    ("backbone", "dropout"), [("efficientnet_b0", 0.2), ("efficientnet_b1", 0.2), ("efficientnet_b2", 0.3)]
)
def test_it_is_the_published_network_with_two_outputs(backbone, dropout):
    published = models.get_model_weights(backbone)["IMAGENET1K_V1"].meta["num_params"]
    built = network.build(backbone)
    head = built.classifier[-1]
    assert head.out_features == 2
    parameters = sum(parameter.numel() for parameter in built.parameters())
    assert parameters == published - 998 * (head.in_features + 1)
    assert built.classifier[0].p == dropout


def test_logits_of_a_new_network_are_small(small):
    with torch.inference_mode():
        logits = network.build("efficientnet_b0", 5).train()(torch.randn(8, 3, 64, 64))
    assert logits.shape == (8, 2)
    assert logits.abs().max() < 3


def test_the_seed_alone_decides_the_weights(small):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    again, other = network.build("efficientnet_b0", 3), network.build("efficientnet_b0", 4)
    assert torch.rand(1) == expected, "torch's own generator was moved"
    assert torch.equal(state_of(again), state_of(small))
    assert not torch.equal(state_of(other), state_of(small))


def test_an_unknown_backbone():
    with pytest.raises(ConfigError, match="'resnet18' is no EfficientNet"):
        network.build("resnet18")


def test_a_layer_by_its_name(small):
    assert network.layer(small, "features.8") is small.features[8]
    assert network.layer(small, "features.8.0") is small.features[8][0]


@pytest.mark.parametrize("name", ["features.9", "blocks", "", "features.8.0.weight"])
def test_an_unknown_layer_names_the_known_ones(small, name):
    with pytest.raises(ConfigError, match=r"features\.0, .*features\.8"):
        network.layer(small, name)


def test_device_from_the_environment(monkeypatch):
    def device(name, cuda):
        monkeypatch.setenv("AURORA_DEVICE", name)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        return network.device().type

    assert device("", cuda=True) == "cpu"
    assert device("cpu", cuda=True) == "cpu"
    assert device("cuda", cuda=True) == "cuda"
    assert (device("auto", cuda=True), device("auto", cuda=False)) == ("cuda", "cpu")
    with pytest.raises(ConfigError, match="no CUDA device"):
        device("cuda", cuda=False)
    with pytest.raises(ConfigError, match="'tpu' is no device"):
        device("tpu", cuda=False)


def test_saved_and_loaded_it_says_the_same(small, tmp_path):
    written = network.save(small, CARD, tmp_path)
    loaded, card = network.load_classifier(tmp_path)
    assert card == written
    assert (card.backbone, card.classes, card.provenance["seed"]) == ("efficientnet_b0", ("no", "yes"), 3)
    assert not loaded.training
    assert loaded.features[0][0].weight.is_contiguous(memory_format=torch.channels_last)
    pictures = torch.randn(2, 3, 32, 32).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        torch.testing.assert_close(loaded(pictures), small(pictures), rtol=0.02, atol=1e-3)
    for name, tensor in small.state_dict().items():
        # half precision keeps 11 binary digits of a kernel; all else is kept as it is
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=2**-11 if tensor.ndim > 1 else 0, atol=1e-7)


def test_equal_networks_give_equal_bytes(small, tmp_path):
    network.save(small, CARD, tmp_path / "a")
    network.save(network.build("efficientnet_b0", 3), CARD, tmp_path / "b")
    for name in (network.CLASSIFIER, network.CARD):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [network.CLASSIFIER, network.CARD]
    modes = {(tmp_path / "a" / name).stat().st_mode for name in (network.CLASSIFIER, network.CARD)}
    assert len(modes) == 1, "whoever may read the card may read the weights"


def test_a_card_written_anew_keeps_its_weights(small, tmp_path):
    card = network.save(small, CARD, tmp_path)
    network.write_card(card.model_copy(update={"temperature": 1.7}), tmp_path)
    assert network.load_classifier(tmp_path)[1].temperature == 1.7


def test_missing_files(small, tmp_path):
    with pytest.raises(InputError, match=r"model card is missing.*dvc repro train"):
        network.load_classifier(tmp_path)
    network.save(small, CARD, tmp_path)
    (tmp_path / network.CLASSIFIER).unlink()
    with pytest.raises(InputError, match="weights are missing"):
        network.load_classifier(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-9], "Invalid JSON"),
        (lambda text: text.replace('"image_size": 32', '"image_size": 0'), "image_size"),
        (lambda text: text.replace('"image_size"', '"picture_size"'), "image_size|picture_size"),
        (lambda text: text.replace('"no",', '"maybe",'), r"classes\.0"),
    ],
)
def test_a_card_that_is_not_usable(small, tmp_path, change, message):
    network.save(small, CARD, tmp_path)
    path = tmp_path / network.CARD
    path.write_text(change(path.read_text()))
    with pytest.raises(InputError, match=message):
        network.load_classifier(tmp_path)


def test_weights_of_another_training(small, tmp_path):
    network.save(small, CARD, tmp_path)
    tensors = load_file(tmp_path / network.CLASSIFIER)
    save_file({name: tensor + 1 for name, tensor in tensors.items()}, tmp_path / network.CLASSIFIER)
    with pytest.raises(InputError, match=r"not the weights that model\.json"):
        network.load_classifier(tmp_path)


def test_weights_of_another_network(small, tmp_path):
    network.save(small, CARD, tmp_path)
    network.write_card(CARD.model_copy(update={"backbone": "efficientnet_b2"}), tmp_path)
    with pytest.raises(InputError, match=r"do not fit efficientnet_b2.*features"):
        network.load_classifier(tmp_path)


def test_weights_that_are_no_safetensors(small, tmp_path):
    network.write_card(CARD, tmp_path)
    (tmp_path / network.CLASSIFIER).write_bytes(b"{}")
    with pytest.raises(InputError, match="do not fit efficientnet_b0"):
        network.load_classifier(tmp_path)
