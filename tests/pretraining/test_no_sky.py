from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import mahalanobis
from scipy.stats import binom
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score
from sklearn.svm import SVC

from aurora_gradcam.errors import InputError
from aurora_gradcam.pretraining import no_sky, no_sky_pictures
from aurora_gradcam.pretraining.no_sky import Reason
from aurora_gradcam.training import network


def features(count, seed, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(6, 6, generator=torch.Generator().manual_seed(9))
    return torch.randn(count, 6, generator=generator) @ mixing + shift


def pictures(count, seed=0, size=40):
    levels = torch.randint(0, 120, (count, 3, 4, 4), generator=torch.Generator().manual_seed(seed))
    return levels.repeat_interleave(size // 4, 2).repeat_interleave(size // 4, 3).to(torch.uint8)


@pytest.fixture(scope="module")
def limits():
    bare = no_sky.fit(features(800, 1), features(400, 2, shift=4.0))
    return no_sky.calibrated(bare, no_sky.scores(pictures(2000, 3), features(2000, 3), bare))


def test_the_distance_is_that_of_scipy(limits):
    shape, given = LedoitWolf().fit(features(800, 1).double().numpy()), features(5, 4)
    expected = [mahalanobis(row, shape.location_, shape.precision_) for row in given.double().numpy()]
    assert no_sky.scores(pictures(5), given, limits)[:, 2].numpy() == pytest.approx(expected, rel=1e-9)


def test_the_machine_decides_as_that_of_scikit_learn(limits):
    both = torch.cat([features(800, 1), features(400, 2, shift=4.0)]).double().numpy()
    is_other = np.repeat([False, True], [800, 400])
    scaled = (both - both[:800].mean(0)) / both[:800].std(0)
    machine = SVC(C=no_sky.COST, class_weight="balanced").fit(scaled, is_other)
    given = no_sky.scores(pictures(1200), torch.from_numpy(both), limits)[:, 1]
    assert given.numpy() == pytest.approx(machine.decision_function(scaled), abs=1e-3)


def test_the_learnt_score_parts_skies_from_other_things(limits):
    both = torch.cat([features(300, 5), features(300, 6, shift=4.0)])
    learnt = no_sky.scores(pictures(600), both, limits)[:, 1]
    assert roc_auc_score(np.repeat([False, True], 300), learnt) > 0.95


def test_no_more_skies_are_refused_than_allowed(limits):
    seen = no_sky.reasons(pictures(2000, 3), features(2000, 3), limits)
    assert sum(reason is not None for reason in seen) <= no_sky.REFUSED * 2000
    fresh = no_sky.reasons(pictures(4000, 7), features(4000, 7), limits)
    assert sum(reason is not None for reason in fresh) <= binom.ppf(0.999, 4000, no_sky.REFUSED)


def test_too_few_frames_to_set_a_threshold_refuse_none():
    bare = no_sky.fit(features(50, 1), features(50, 2, shift=4.0))
    few = no_sky.calibrated(bare, no_sky.scores(pictures(100), features(100, 3), bare))
    assert few.thresholds.tolist() == [math.inf] * 3


def test_each_reason_where_it_holds(limits):
    shown = pictures(4, 5)
    shown[0], shown[1] = 3, 255
    shown[1, :, :4] = 0  # a bright picture with an edge, so that it has structure
    assert shown.float().std() > 0
    far, like_others = limits.mean[None].float() - 60, features(1, 6, shift=4.0)
    rows = no_sky.reasons(shown, torch.cat([features(2, 8), like_others, far]), limits)
    assert rows[:2] == [Reason.UNIFORM, Reason.BRIGHT]
    assert rows[3] == Reason.UNLIKE
    at_any_distance = dataclasses.replace(limits, thresholds=torch.tensor([1000.0, limits.thresholds[1], math.inf]))
    assert no_sky.reasons(shown[2:3], like_others, at_any_distance) == [Reason.OTHER]


def test_noise_is_no_structure_and_a_faint_gradient_is(limits):
    generator = np.random.default_rng(0)
    noise = torch.from_numpy(generator.poisson(4, (1, 3, 240, 240)).astype(np.uint8))
    gradient = torch.linspace(10, 16, 240).round().to(torch.uint8).expand(1, 3, 240, 240)
    given = limits.mean[None].float().repeat(2, 1)
    assert no_sky.reasons(torch.cat([noise, gradient]), given, limits) == [Reason.UNIFORM, None]


def test_features_are_collected_on_the_way_through_the_network():
    model = network.build("efficientnet_b0", seed=4).eval()
    inputs = torch.randn(5, 3, 64, 64)
    with torch.inference_mode(), no_sky.pooled(model) as rows:
        model(inputs[:3]), model(inputs[3:])
    assert [len(batch) for batch in rows] == [3, 2]
    assert torch.allclose(torch.cat(rows), no_sky.features_of(model, inputs), atol=1e-6)
    model(inputs)
    assert len(rows) == 2  # no longer listening


def test_limits_come_back_from_their_tensors(limits):
    back = no_sky.from_tensors({**no_sky.tensors_of(limits), "features.0.0.weight": torch.zeros(1)})
    assert torch.equal(*(no_sky.scores(pictures(9), features(9, 1), each) for each in (back, limits)))
    assert no_sky.from_tensors({"features.0.0.weight": torch.zeros(1)}) is None


def test_damaged_limits(limits):
    tensors = no_sky.tensors_of(limits)
    for broken in (
        {name: tensor for name, tensor in tensors.items() if name != "no_sky.mean"},
        {**tensors, "no_sky.precision": torch.zeros(5, 6)},
        {**tensors, "no_sky.colour": torch.zeros(1)},
    ):
        with pytest.raises(InputError, match="not usable"):
            no_sky.from_tensors(broken)


def test_drawn_pictures_depend_on_seed_and_number_alone_and_lie_in_the_circle():
    drawn = no_sky_pictures.draw(16, 5, 64)
    assert drawn.shape == (16, 3, 64, 64) and drawn.dtype == torch.uint8
    assert torch.equal(no_sky_pictures.draw(9, 5, 64), drawn[:9])
    assert not torch.equal(no_sky_pictures.draw(9, 6, 64), drawn[:9])
    step = (torch.arange(64) + 0.5) / 32 - 1
    assert drawn[..., step[:, None] ** 2 + step**2 > 1].max() == 0
    assert (drawn.float().std((1, 2, 3)) > 2).all()
