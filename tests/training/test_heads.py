"""The further heads: what the weights bring is kept, what is labelled is learnt, the aurora's network is untouched."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.linear_model import LogisticRegression

from aurora_gradcam.config import Params, Train
from aurora_gradcam.corpus.images import read_frame
from aurora_gradcam.errors import ConfigError, InputError
from aurora_gradcam.inference.classify import classify, classify_kinds
from aurora_gradcam.inference.kinds import kind_columns, p_cloud
from aurora_gradcam.tables.kinds import CLASSES, CLOUDS, FORMS, HEADS
from aurora_gradcam.tables.split import SPLIT_TABLE
from aurora_gradcam.training import head_fit, heads, network, train, weights

FILE = "begin.safetensors"
WIDTH = 1280
PARAMS = Params(
    months=("2024-02",),
    train=Train(
        backbone="efficientnet_b0", weights=FILE, image_size=32, batch_size=16, frozen_epochs=1, finetune_epochs=1
    ),
)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.delenv("AURORA_DEVICE", raising=False)


def beginning(names=HEADS, no_sky=True) -> heads.Heads:
    """Write starting weights with heads and with what tells no sky; the heads."""
    torch.manual_seed(3)
    brought = heads.Heads(WIDTH, names)
    tensors = network.build("efficientnet_b0", seed=11).state_dict()
    tensors |= heads.tensors_of(brought)
    if no_sky:
        tensors["no_sky.least"] = torch.tensor([1.5, 2.5])
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, FILE)
    return brought


@pytest.fixture
def few_steps(monkeypatch):
    monkeypatch.setattr(head_fit, "STEPS", 5)


def trained(seed: int = 7, **changes) -> dict[str, torch.Tensor]:
    """Train; the tensors of the classifier's file."""
    settings = PARAMS.train.model_copy(update=changes)
    train.run(PARAMS.model_copy(update={"train": settings, "seed": seed}))
    return load_file(network.MODELS / network.CLASSIFIER)


def label_clouds(split: pd.DataFrame) -> None:
    """Every frame with aurora is labelled clear, most others overcast, some nothing."""
    cloud = split["label"].map({"yes": "clear", "no": "overcast"})
    SPLIT_TABLE.write(split.assign(cloud=cloud.where(split.index % 7 != 0, None)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_auroras_network_is_the_same_to_the_bit_with_and_without_heads(tiny_project, few_steps, seed):
    beginning(names=(), no_sky=False)
    alone = trained(seed, frozen_epochs=0)
    card = network.read_card()
    assert "heads" not in card.provenance and "no_sky" not in card.provenance
    beginning()
    label_clouds(tiny_project)
    beside = trained(seed, frozen_epochs=0)
    assert {name for name in beside if name not in alone} == {
        *(f"heads.{name}.{part}" for name in HEADS for part in ("weight", "bias")), "no_sky.least",
    }  # fmt: skip
    assert all(torch.equal(beside[name], tensor) for name, tensor in alone.items())
    with_heads = network.read_card()
    assert (with_heads.temperature, with_heads.threshold) == (card.temperature, card.threshold)
    assert list(with_heads.provenance["heads"]) == list(HEADS) and with_heads.provenance["no_sky"] is True
    assert torch.equal(beside["no_sky.least"], torch.tensor([1.5, 2.5]))


def test_heads_go_through_a_file_and_predictions_do_not_depend_on_them(tiny_project, few_steps):
    beginning(names=("cloud", "strength"))
    trained(finetune_epochs=0)
    model, card = network.load_classifier()
    kept = heads.load_heads()
    assert list(kept) == ["cloud", "strength"]
    pictures = [read_frame(frame_id) for frame_id in tiny_project["frame_id"][:10]]
    logits, outputs = classify_kinds(model, card, pictures, 4, kept)
    assert np.array_equal(logits, classify(model, card, pictures, 4))
    assert {name: of.shape for name, of in outputs.items()} == {"cloud": (10, 3), "strength": (10,)}
    with heads.pooled(model) as features, torch.inference_mode():
        classify(model, card, pictures, 10)
        by_hand = kept["cloud"](features[0]).numpy()
    assert outputs["cloud"] == pytest.approx(by_hand, abs=1e-3)
    nothing = classify_kinds(model, card, [], 4, kept)[1]
    assert {name: of.shape for name, of in nothing.items()} == {"cloud": (0, 3), "strength": (0,)}


def test_a_classifier_without_heads_has_none(tiny_project):
    beginning(names=(), no_sky=False)
    stored = trained(finetune_epochs=0)
    assert heads.load_heads() is None
    assert not any(name.startswith(weights.KEPT_APART) for name in stored)


def test_where_training_moves_nothing_a_head_stays_as_it_came(tiny_project):
    beginning(names=("form",))
    rows = {name: train.chosen(tiny_project, name) for name in ("train", "val")}
    splits = tuple((train.load(of_split, 32), of_split) for of_split in rows.values())
    model = network.build("efficientnet_b0", seed=11)
    start = head_fit.begin(model, weights.kept_apart("efficientnet_b0", FILE), splits, PARAMS.train)
    fitted, told = head_fit.finish(model, start, PARAMS.train)
    features = head_fit.features_of(model, splits[1][0], PARAMS.train).float()
    before = start.val.given["form"].float().softmax(1)
    with torch.no_grad():
        after = fitted(features)["form"].softmax(1)
    assert after.numpy() == pytest.approx(before.numpy(), abs=1e-3)
    assert told["form"]["val_agreement"] == 1 and told["form"]["labelled"] == {"train": 0, "val": 0}
    assert told["form"]["classes"] == ["none", *FORMS]


def test_labels_alone_give_a_head_that_tells_the_classes_apart(tiny_project):
    beginning(names=(), no_sky=False)
    label_clouds(tiny_project)
    trained()
    model, card = network.load_classifier()
    told = card.provenance["heads"]
    assert list(told) == ["cloud"]
    split = SPLIT_TABLE.read()
    assert told["cloud"]["labelled"]["train"] == int(split.loc[split["split"] == "train", "cloud"].notna().sum())
    rows = split[(split["split"] == "train") & split["cloud"].notna()]
    _, outputs = classify_kinds(model, card, map(read_frame, rows["frame_id"]), 16, heads.load_heads())
    called = np.array(CLOUDS)[outputs["cloud"].argmax(1)]
    assert (called == rows["cloud"]).mean() > max(0.6, (rows["cloud"] == "clear").mean() + 0.1)


def sight(features: torch.Tensor, places: torch.Tensor) -> head_fit.Sight:
    frames = head_fit.Pictures([f"20240201-{number:05d}" for number in range(len(features))], [], [])
    return head_fit.Sight(frames, {"cloud": places}, {})


def test_a_head_fitted_to_labels_is_scikit_learns_logistic_regression():
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(90, 5, generator=generator, dtype=torch.float64)
    places = (features[:, :3] + 0.5 * torch.randn(90, 3, generator=generator, dtype=torch.float64)).argmax(1)
    places[::9] = head_fit.UNKNOWN  # they have no part in the loss
    zeros = torch.zeros(3, 5).double(), torch.zeros(3).double()
    penalty = 0.02
    weight, bias = head_fit._fitted("cloud", zeros, features, sight(features, places), penalty, by_label=True)
    known, spread = places != head_fit.UNKNOWN, float(features.var(0).mean())
    other = LogisticRegression(C=1 / (2 * int(known.sum()) * penalty * spread), tol=1e-10, max_iter=2000)
    other.fit(features[known].numpy(), places[known].numpy())
    chance = (features @ weight.T + bias).softmax(1).numpy()
    assert chance == pytest.approx(other.predict_proba(features.numpy()), abs=1e-4)


@pytest.mark.parametrize(
    ("choice", "brought", "labelled", "expected"),
    [
        ("auto", [], (0, 0, 0), []),
        ("auto", ["strength", "cloud"], (0, 0, 0), ["cloud", "strength"]),
        ("auto", [], (10, 10, 0), ["cloud"]),
        ("auto", [], (30, 9, 0), []),
        ((), ["cloud"], (30, 30, 0), []),
        (("strength", "cloud"), ["strength"], (10, 0, 10), ["cloud", "strength"]),
    ],
)
def test_heads_that_are_kept(choice, brought, labelled, expected):
    labels = {"cloud": torch.tensor(sum(([place] * count for place, count in enumerate(labelled)), [-1, -1]))}
    assert head_fit.wanted(Train(heads=choice), brought, labels) == expected


def test_a_head_that_nothing_can_teach_is_refused():
    with pytest.raises(ConfigError, match="'form' is neither in the weights 'none' nor labelled often enough"):
        head_fit.wanted(Train(heads=("form",), weights="none"), ["cloud"], {"form": torch.tensor([-1, 1])})


def test_a_frame_without_aurora_has_the_form_none_once_any_form_is_labelled():
    rows = pd.DataFrame({"label": ["no", "yes", "yes"], "form": [None, "arc", None], "cloud": [None, None, "broken"]})
    places = head_fit.labelled_places(rows)
    assert places["form"].tolist() == [0, CLASSES["form"].index("arc"), -1]
    assert places["cloud"].tolist() == [-1, -1, 1]
    assert head_fit.labelled_places(rows[["label"]])["form"].tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    "damage",
    [
        lambda tensors: tensors.pop("heads.cloud.bias"),
        lambda tensors: tensors.update({"heads.clouds.weight": torch.zeros(3, 4)}),
        lambda tensors: tensors.update({"heads.form.weight": torch.zeros(3, 4)}),
    ],
)
def test_damaged_heads_are_refused_by_name_of_the_file(damage):
    tensors = heads.tensors_of(heads.Heads(4))
    damage(tensors)
    with pytest.raises(InputError, match="further heads are not usable") as caught:
        heads.from_tensors(tensors, "a.safetensors")
    assert caught.value.where == "a.safetensors"


def test_columns_of_what_the_heads_say():
    outputs = {
        "cloud": np.log([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]),
        "form": np.log([[0.5, 0.3, 0.2, 1e-9, 1e-9, 1e-9], [0.9, 0.02, 0.08, 1e-9, 1e-9, 1e-9]]),
        "strength": np.log10([4.0, 20.0]),
    }
    rows = kind_columns(outputs, np.array([False, True]))
    assert rows["cloud"].tolist() == ["clear", "overcast"]
    assert p_cloud(rows).tolist() == pytest.approx([0.3, 0.9])
    assert rows["form"].tolist() == ["none", "rays"]  # of a frame called aurora the likeliest form
    assert rows["strength"].tolist() == pytest.approx([np.nan, 20], nan_ok=True)
    assert list(kind_columns({}, np.array([True]))) == []
