from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from scipy import ndimage

import tiny
from aurora_gradcam.config import HeadWeights, Params, Pretrain, PretrainStage, SkyAugmentation
from aurora_gradcam.errors import ConfigError, DataError, InputError
from aurora_gradcam.pretraining import augment, heads, no_sky, pretrain, sky_frames, sky_weights
from aurora_gradcam.pretraining.learner import Learner, learning_rate
from aurora_gradcam.training import network, weights

NONE = SkyAugmentation(**dict.fromkeys(SkyAugmentation.model_fields, 0))
OWN = Pretrain(
    backbone="efficientnet_b0",
    image_size=40,
    stages=(PretrainStage(size=32, rounds=2), PretrainStage(size=40, rounds=1)),
    frames_per_round=24,
    passes=2,
    batch_size=8,
    statistics_frames=16,
    held_out_frames=16,
)
PARAMS = Params(seed=5, pretrain=OWN)


def easy(indices, seed, size):
    """Stand-in skies: every other one holds a green band, and so does its mask; no further truth."""
    pictures, masks = [], []
    for index in indices:
        label = ("no", "yes")[index % 2]
        pictures.append(tiny.draw(label, np.random.default_rng([seed, index]), size))
        masks.append(np.full((5, 5), index % 2, dtype=np.float32))
    odd = torch.tensor([index % 2 == 1 for index in indices])
    return SimpleNamespace(
        pictures=torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2),
        visibility=torch.where(odd, 4.0, 0.0),
        borderline=torch.zeros(len(odd), dtype=torch.bool),
        mask=torch.from_numpy(np.stack(masks)),
    )


def easy_with_truth(indices, seed, size):
    """The same, with the truth of the further heads: the band is an arc, and skies without it are overcast."""
    skies = easy(indices, seed, size)
    odd = torch.tensor([index % 2 == 1 for index in indices])
    skies.cloud, skies.form = torch.where(odd, 0, 2), odd.long()
    skies.strength = torch.where(odd, torch.tensor(indices) % 8 / 4, -1.0)
    return skies


def changed_params(**changes):
    return PARAMS.model_copy(update={"pretrain": OWN.model_copy(update=changes)})


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AURORA_WORKERS", "1")
    monkeypatch.setenv("OMP_THREAD_LIMIT", "1")
    monkeypatch.delenv("AURORA_DEVICE", raising=False)
    torch.set_num_threads(1)
    yield tmp_path
    torch.use_deterministic_algorithms(False)


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest():
    return digest_of(weights.SKY)


def test_resumed_is_the_same_as_uninterrupted_and_the_card_says_what_was_done(here, capsys):
    pretrain.run(PARAMS, easy_with_truth)
    whole, lines = digest(), capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == ["round 1/3 32 px", "round 2/3 32 px", "round 3/3 40 px"]
    weights.SKY.unlink()
    pretrain.run(PARAMS, easy_with_truth, rounds=1, restart=True)
    assert not weights.SKY.exists()
    pretrain.run(PARAMS, easy_with_truth, rounds=2)
    assert digest() == whole
    pretrain.run(PARAMS, easy_with_truth, export=True)  # nothing is left to train, and the same is written again
    assert digest() == whole

    card = json.loads(sky_weights.CARD.read_text())
    assert card["sha256"] == whole
    assert (card["backbone"], card["seed"], card["frames_drawn"], card["frames_shown"]) == (
        "efficientnet_b0",
        5,
        72,
        144,
    )
    assert Pretrain(**card["pretrain"]) == OWN
    assert [row["size"] for row in card["rounds"]] == [32, 32, 40]
    assert card["devices"] == [sky_weights.device_name(torch.device("cpu"))]
    assert card["held_out"]["simulated_frames"] == 16
    assert all(name.startswith("simulated_") for name in card["held_out"])
    assert list(card["heads"]) == list(heads.NAMES) and card["heads"]["strength"]["classes"] is None
    assert all(card["heads"][name]["classes"] == list(classes) for name, classes in heads.CLASSES.items())
    assert card["heads"]["cloud"]["simulated_frames"] == 16 and card["heads"]["strength"]["simulated_frames"] == 8
    assert card["no_sky"]["simulated_frames"] == card["no_sky"]["drawn_others"] == 16

    stored = load_file(weights.SKY)
    back = heads.from_tensors(stored)
    assert list(back) == list(heads.NAMES)
    assert {tensor.dtype for name, tensor in stored.items() if name.startswith("heads.")} == {
        torch.float16,  # kernels
        torch.float32,  # biases
    }
    assert no_sky.from_tensors(stored).thresholds.shape == (3,)


def test_the_shipped_file_fills_the_network_and_its_kernels_are_of_half_precision(here):
    pretrain.run(PARAMS, easy, rounds=1)
    pretrain.run(PARAMS, easy, export=True)
    stored = load_file(weights.SKY)
    assert heads.from_tensors(stored) is None  # nobody told what they are to learn
    own = {name: tensor for name, tensor in stored.items() if not name.startswith(no_sky.PREFIX)}
    assert {tensor.dtype for tensor in own.values() if tensor.ndim > 1} == {torch.float16}
    model = network.build("efficientnet_b0", seed=99)
    assert weights.start(model, "efficientnet_b0", "sky") == {"name": "sky", "sha256": digest()}
    assert all(torch.equal(tensor.float(), stored[name].float()) for name, tensor in model.state_dict().items())


def test_a_further_cycle_begins_from_the_weights_of_an_earlier_one(here):
    pretrain.run(PARAMS, easy, rounds=1)
    pretrain.run(PARAMS, easy, export=True)
    assert json.loads(sky_weights.CARD.read_text())["start"] == {"name": "none", "sha256": None}
    first, sha256 = weights.SKY.rename(here / "first_cycle.safetensors"), digest_of(here / "first_cycle.safetensors")
    params, stored = changed_params(weights=str(first)), load_file(first)
    learner = Learner(params)
    learner.begin_from(str(first))
    for model in (learner.network, learner.averaged()):
        assert all(torch.equal(tensor, stored[name].float()) for name, tensor in model.named_parameters())
    pretrain.run(params, easy, rounds=1, restart=True)
    pretrain.run(params, easy, export=True)
    assert json.loads(sky_weights.CARD.read_text())["start"] == {"name": str(first), "sha256": sha256}
    with pytest.raises(InputError, match="earlier cycle.*not here.*simulated-sky.md"):
        pretrain.run(changed_params(weights="elsewhere.safetensors"), easy, restart=True)


def test_frames_that_earlier_cycles_have_met_are_not_drawn_again(here):
    drawn = []

    def noting(indices, seed, size):
        drawn.extend(indices)
        return easy(indices, seed, size)

    pretrain.run(changed_params(frames_before=48), noting, rounds=2)
    assert drawn == list(range(48, 48 + 2 * OWN.frames_per_round))


def test_a_head_without_weight_is_not_written_and_changes_nothing(here):
    parts = []
    for draw, head_weights in ((easy, HeadWeights()), (easy_with_truth, HeadWeights(cloud=0, form=0, strength=0))):
        own = changed_params(head_weights=head_weights, stages=(PretrainStage(size=32, rounds=1),))
        pretrain.run(own, draw, restart=True)
        parts.append(load_file(weights.SKY))
    assert heads.from_tensors(parts[1]) is None
    assert all(torch.equal(parts[0][name], tensor) for name, tensor in parts[1].items())


def test_further_heads_learn_an_easy_task(here):
    stages = (PretrainStage(size=32, rounds=5),)
    changes = {"stages": stages, "image_size": 32, "frames_per_round": 96, "learning_rate": 2e-3, "average_decay": 0.9}
    pretrain.run(changed_params(**changes, held_out_frames=64, statistics_frames=64), easy_with_truth)
    rows = json.loads(sky_weights.CARD.read_text())["heads"]
    assert rows["cloud"]["simulated_auroc"]["clear"] > 0.9
    assert rows["cloud"]["simulated_auroc"]["broken"] is None
    assert rows["form"]["simulated_auroc"]["arc"] > 0.9


def test_a_tiny_network_learns_an_easy_task(here):
    stages = (PretrainStage(size=32, rounds=6),)
    changes = {"stages": stages, "image_size": 32, "frames_per_round": 96, "learning_rate": 2e-3, "average_decay": 0.9}
    pretrain.run(changed_params(**changes, held_out_frames=64, statistics_frames=64), easy)
    held_out = json.loads(sky_weights.CARD.read_text())["held_out"]
    assert held_out["simulated_auroc"] > 0.9
    assert held_out["simulated_accuracy"] > 0.8


def test_a_checkpoint_of_other_parameters_is_refused_by_their_name(here):
    pretrain.run(PARAMS, easy, rounds=1)
    with pytest.raises(ConfigError, match=r"other parameters: passes was 2 and is 3 .*--restart"):
        pretrain.run(changed_params(passes=3), easy)
    with pytest.raises(ConfigError, match="seed was 5 and is 6"):
        pretrain.run(PARAMS.model_copy(update={"seed": 6}), easy)
    pretrain.run(changed_params(held_out_frames=32), easy, export=True)
    assert json.loads(sky_weights.CARD.read_text())["held_out"]["simulated_frames"] == 32


def test_no_checkpoint_and_a_damaged_one(here):
    with pytest.raises(InputError, match="no checkpoint to export"):
        pretrain.run(PARAMS, easy, export=True)
    pretrain.CHECKPOINT.parent.mkdir(parents=True)
    pretrain.CHECKPOINT.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"checkpoint is not readable.*--restart"):
        pretrain.run(PARAMS, easy)


def test_a_frame_that_lost_its_aurora_teaches_nothing_about_the_class(here):
    learner = Learner(PARAMS)
    skies = easy(range(8), 5, 40)
    frames = sky_frames.Frames(skies.pictures, skies.visibility, skies.borderline, skies.mask[:, None] * 0)
    frames.masks[1::2, :, 0, :] = 1.0  # aurora in the uppermost row alone ...
    narrow = NONE.model_copy(update={"circle": 0.99})  # ... which a smaller sky circle cuts off
    learner.params = OWN.model_copy(update={"augmentation": narrow, "mask_weight": 0.0, "weight_decay": 0.0})
    frames = frames.part(torch.arange(1, 8, 2))
    before = learner.network.classifier[-1].weight.clone()
    assert learner._one_step(frames, torch.Generator().manual_seed(1)) == 0.0
    assert torch.equal(
        learner.network.classifier[-1].weight, before * (1 - learner.optimiser.param_groups[0]["lr"] * 0.02)
    )


def same_frames(one, other):
    return all(torch.equal(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one))


def test_frames_do_not_depend_on_the_workers_nor_on_the_chunks(here, monkeypatch):
    with sky_frames.studio(easy_with_truth, 5, 40) as studio:
        alone = studio.begin(0, 72, 32)()
        tail = studio.begin(64, 8, 32)()
    monkeypatch.setenv("AURORA_WORKERS", "2")
    with sky_frames.studio(easy_with_truth, 5, 40) as studio:
        assert same_frames(studio.begin(0, 72, 32)(), alone)
    assert same_frames(alone.part(slice(64, 72)), tail)
    assert alone.pictures.shape == (72, 3, 32, 32)


def test_frames_drawn_ahead_by_other_processes_train_the_same_weights(here, monkeypatch):
    own = changed_params(stages=(PretrainStage(size=32, rounds=2),), frames_per_round=16, passes=1)
    pretrain.run(own, easy)
    alone = digest()
    monkeypatch.setenv("AURORA_WORKERS", "2")
    pretrain.run(own, easy, restart=True)
    assert digest() == alone


def test_skies_without_a_mask_train_and_bad_ones_are_refused(here):
    def bare(indices, seed, size):
        skies = easy(indices, seed, size)
        del skies.mask
        return skies

    pretrain.run(PARAMS, bare, rounds=1)
    with pytest.raises(DataError, match="simulated pictures are"):
        pretrain.run(PARAMS, lambda indices, seed, size: easy(indices, seed, size + 1), restart=True)


def test_soft_labels_are_a_half_at_the_threshold_and_odds_to_the_power_of_the_steepness():
    labels = sky_frames.soft_labels(torch.tensor([0.0, 0.5, 1.0, 2.0, math.inf]), 4.0)
    # sigmoid(k ln v) = v^k / (1 + v^k)
    assert torch.allclose(labels, torch.tensor([0.0, 1 / 17, 0.5, 16 / 17, 1.0]))


def test_batches_are_even_and_hold_every_frame_once():
    chosen = sky_frames.batches(100, 32, torch.Generator().manual_seed(1))
    assert [len(batch) for batch in chosen] == [25] * 4
    assert torch.equal(torch.cat(chosen).sort().values, torch.arange(100))


def test_the_learning_rate_warms_up_and_falls_along_half_a_cosine():
    own = Pretrain(learning_rate=1.0, warm_up=0.1)
    rates = [learning_rate(step, 1000, own) for step in range(1000)]
    assert rates[0] < 0.02 and rates[100] == 1.0 and max(rates) == 1.0
    assert rates[550] == pytest.approx(0.5)
    assert rates[-1] < 1e-4
    assert rates[100:] == sorted(rates[100:], reverse=True)


def picture_batch(count=6, size=48):
    generator = torch.Generator().manual_seed(3)
    pictures = torch.rand(count, 3, size, size, generator=generator) * augment.inside(size, torch.ones(1, 1, 1, 1))
    return pictures, torch.rand(count, 1, 12, 12, generator=generator)


def strongly(seed, **strengths):
    pictures, masks = picture_batch()
    return augment.changed(pictures, masks, SkyAugmentation(**strengths), torch.Generator().manual_seed(seed))


def test_changes_keep_shape_and_range_and_leave_the_outside_black():
    for seed in range(4):
        pictures, masks = strongly(seed, brightness=1, contrast=1, noise=0.5, shift=0.3, zoom=0.5, erase=1)
        assert pictures.shape == (6, 3, 48, 48) and masks.shape == (6, 1, 12, 12)
        assert pictures.dtype == torch.float32 and pictures.min() >= 0 and pictures.max() <= 1
        assert masks.min() >= 0 and masks.max() <= 1
        outside = ~augment.inside(48, torch.ones(1, 1, 1, 1)).expand_as(pictures)
        assert pictures[outside].abs().max() == 0


def test_changes_depend_on_the_generator_alone():
    assert torch.equal(strongly(1)[0], strongly(1)[0])
    assert not torch.equal(strongly(1)[0], strongly(2)[0])


def test_without_strength_nothing_changes():
    pictures, masks = picture_batch()
    same, same_masks = augment.changed(pictures, masks, NONE, torch.Generator().manual_seed(0))
    assert torch.allclose(same, pictures, atol=1e-5)
    inside = augment.inside(12, torch.ones(1, 1, 1, 1))
    assert torch.allclose(same_masks, masks * inside, atol=1e-5)


def test_rotation_is_that_of_scipy():
    smooth = ndimage.gaussian_filter(np.random.default_rng(0).random((64, 64)), 3).astype(np.float32)
    pictures = torch.from_numpy(smooth)[None, None].expand(1, 3, -1, -1)
    only = NONE.model_copy(update={"rotation": 180.0})
    turned, _ = augment.changed(pictures, None, only, torch.Generator().manual_seed(8))
    share = torch.rand(1, generator=torch.Generator().manual_seed(8)).item()
    errors = []
    for sign in (-1, 1):
        expected = ndimage.rotate(smooth, sign * (2 * share - 1) * 180, reshape=False, order=1)
        expected = torch.from_numpy(expected) * augment.inside(64, torch.full((1, 1, 1, 1), 0.9))[0, 0]
        inner = turned[0, 0] * augment.inside(64, torch.full((1, 1, 1, 1), 0.9))[0, 0]
        errors.append((expected - inner).abs().max().item())
    assert min(errors) < 0.01 < max(errors)


def test_masks_move_and_are_covered_as_pictures_are():
    generator = torch.Generator().manual_seed(4)
    coarse = (torch.rand(8, 1, 6, 6, generator=generator) > 0.5).float()
    fine = torch.nn.functional.interpolate(coarse, scale_factor=16, mode="nearest")
    moving = NONE.model_copy(update={"rotation": 180.0, "flip": 0.5, "zoom": 0.3, "shift": 0.1, "erase": 1.0})
    for _ in range(3):
        pictures, masks = augment.changed(fine.expand(-1, 3, -1, -1), fine, moving, generator)
        covered_is_dark = pictures[:, :1] - masks  # where a cover lies the picture is dark but not black
        assert covered_is_dark.abs().max() <= augment.DARKEST + 1e-4


def test_a_grey_frame_has_no_colour():
    pictures, _ = strongly(0, grey=1, noise=0)
    assert (pictures.amax(1) - pictures.amin(1)).max() < 1e-5


def test_scores_leave_out_borderline_frames():
    frames = sky_frames.Frames(
        torch.zeros(4, 3, 8, 8, dtype=torch.uint8),
        torch.tensor([0.0, 2.0, 3.0, 0.9]),
        torch.tensor([False, False, False, True]),
        None,
    )
    found = sky_weights.scores(torch.tensor([0.1, 0.8, 0.4, 0.9], dtype=torch.float64), frames)
    assert (found["simulated_frames"], found["simulated_yes"], found["simulated_auroc"]) == (3, 2, 1.0)
    assert found["simulated_accuracy"] == pytest.approx(2 / 3)
    assert found["simulated_log_loss"] == pytest.approx(-(math.log(0.9) + math.log(0.8) + math.log(0.4)) / 3)


def test_a_stage_larger_than_the_frames_is_refused():
    with pytest.raises(ValueError, match="exceeds image_size"):
        Pretrain(image_size=64, stages=(PretrainStage(size=96, rounds=1),))
