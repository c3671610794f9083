from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, roc_auc_score

from aurora_gradcam.config import HeadWeights
from aurora_gradcam.errors import InputError
from aurora_gradcam.pretraining import heads, no_sky
from aurora_gradcam.pretraining.sky_frames import UNKNOWN, Frames
from aurora_gradcam.simulation import truth
from aurora_gradcam.training import network, weights

FRAMES = Frames(
    torch.zeros(5, 3, 8, 8, dtype=torch.uint8),
    visibility=torch.tensor([0.0, 0.9, 1.5, 4.0, 9.0]),
    borderline=torch.tensor([False, True, False, False, False]),
    cloud=torch.tensor([0, 1, 2, UNKNOWN, 1]),
    form=torch.tensor([0, 1, 2, 3, UNKNOWN]),
    strength=torch.tensor([-1.0, 0.2, 0.5, math.nan, 2.0]),
)
ALL = HeadWeights(cloud=1.0, form=1.0, strength=1.0)


def random_outputs(seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = {name: torch.randn(5, len(labels), generator=generator) for name, labels in heads.CLASSES.items()}
    outputs = {**logits, heads.STRENGTH: torch.randn(5, generator=generator)}
    return {name: output.requires_grad_() for name, output in outputs.items()}


def taught(outputs, present=None, head_weights=ALL, frames=FRAMES):
    """Which frames each head's outputs have a gradient of."""
    heads.loss(outputs, frames, present, head_weights).backward()
    return {
        name: [] if output.grad is None else output.grad.reshape(5, -1).abs().sum(1).nonzero().flatten().tolist()
        for name, output in outputs.items()
    }


def test_each_head_learns_from_the_frames_that_count_for_it_alone():
    assert taught(random_outputs()) == {"cloud": [0, 1, 2, 4], "form": [0, 2, 3], "strength": [2, 4]}


def test_frames_that_lost_their_aurora_teach_their_clouds_alone():
    present = torch.tensor([True, True, False, True, True])
    assert taught(random_outputs(), present) == {"cloud": [0, 1, 2, 4], "form": [0, 3], "strength": [4]}


def test_a_head_of_weight_0_and_one_without_truth_learn_nothing():
    assert taught(random_outputs(), None, HeadWeights(cloud=0, form=1, strength=0))["cloud"] == []
    bare = Frames(FRAMES.pictures, FRAMES.visibility, FRAMES.borderline)
    outputs = random_outputs()
    total = heads.loss(outputs, bare, None, ALL)
    assert total.item() == 0.0 and not total.requires_grad


def test_the_loss_is_the_weighted_sum_of_mean_losses():
    outputs = random_outputs()
    chosen = torch.tensor([0, 1, 2, 4])
    chances = outputs["cloud"][chosen].softmax(1)[range(4), FRAMES.cloud[chosen]]
    only_cloud = heads.loss(outputs, FRAMES, None, HeadWeights(cloud=0.3, form=0, strength=0))
    assert only_cloud.item() == pytest.approx(-0.3 * chances.log().mean().item(), rel=1e-5)
    near = {**outputs, heads.STRENGTH: torch.tensor([0.0, 0.0, 0.9, 0.0, 3.0])}
    only_strength = heads.loss(near, FRAMES, None, HeadWeights(cloud=0, form=0, strength=1))
    # Huber 1964: half the square up to 0.5, then 0.5 (error - 0.25)
    assert only_strength.item() == pytest.approx((0.5 * 0.4**2 + 0.5 * (1.0 - 0.25)) / 2, rel=1e-5)


def test_scores_are_those_of_scikit_learn_on_the_frames_that_count():
    outputs = {name: output.detach() for name, output in random_outputs(3).items()}
    rows = heads.scores(outputs, FRAMES)
    counted = np.array([0, 1, 2, 4])
    actual, logits = FRAMES.cloud.numpy()[counted], outputs["cloud"].numpy()[counted]
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert rows["cloud"]["simulated_frames"] == 4
    assert rows["cloud"]["simulated_macro_f1"] == f1_score(actual, logits.argmax(1), average="macro")
    assert rows["cloud"]["simulated_auroc"]["broken"] == roc_auc_score(actual == 1, chances[:, 1])
    assert rows["form"]["simulated_auroc"]["patchy"] is None  # no frame shows it
    assert rows["strength"]["simulated_frames"] == 2


def test_outputs_as_the_truth_score_best():
    outputs = {
        name: 9.0 * torch.nn.functional.one_hot(getattr(FRAMES, name).clamp_min(0), len(labels))
        for name, labels in heads.CLASSES.items()
    }
    rows = heads.scores({**outputs, heads.STRENGTH: torch.tensor([0, 0, 0.5, 0, 2.0])}, FRAMES)
    assert rows["cloud"]["simulated_macro_f1"] == rows["form"]["simulated_macro_f1"] == 1.0
    assert rows["strength"]["simulated_rank_correlation"] == pytest.approx(1.0)
    assert rows["strength"]["simulated_mean_absolute_error"] == 0.0


def test_the_classes_are_those_of_the_simulator():
    assert heads.CLASSES["form"] == truth.FORMS
    places = {"clear": truth.CLEAR, "broken": truth.BROKEN, "overcast": truth.OVERCAST}
    assert heads.CLASSES["cloud"] == tuple(sorted(places, key=places.get))


@pytest.mark.parametrize("names", [heads.NAMES, ("form",)])
def test_heads_come_back_from_their_tensors(names):
    written = heads.Heads(7, names)
    back = heads.from_tensors({**heads.tensors_of(written), "features.0.0.weight": torch.zeros(1)})
    features = torch.randn(3, 7)
    assert list(back) == list(names) and not back.training
    for name, output in back(features).items():
        assert torch.equal(output, written(features)[name])


def test_no_heads_and_damaged_ones():
    assert heads.from_tensors({"classifier.1.weight": torch.zeros(2, 7)}) is None
    tensors = heads.tensors_of(heads.Heads(7))
    for broken in (
        {name: tensor for name, tensor in tensors.items() if name != "heads.form.bias"},
        {**tensors, "heads.cloud.weight": torch.zeros(4, 7)},
        {"heads.colour.bias": torch.zeros(4)},
    ):
        with pytest.raises(InputError, match="further heads are not usable"):
            heads.from_tensors(broken)


def test_the_network_of_the_aurora_takes_no_notice_of_what_stands_beside_its_tensors():
    written, read = (network.build("efficientnet_b0", seed) for seed in (1, 2))
    limits = no_sky.fit(torch.randn(20, 4), torch.randn(20, 4) + 3)
    beside = {**heads.tensors_of(heads.Heads(1280)), **no_sky.tensors_of(limits)}
    weights.fill(read, {**written.state_dict(), **beside})
    assert all(torch.equal(tensor, written.state_dict()[name]) for name, tensor in read.state_dict().items())
    with pytest.raises(InputError, match="head.weight is unknown"):
        weights.fill(read, {**written.state_dict(), "head.weight": torch.zeros(1)})
