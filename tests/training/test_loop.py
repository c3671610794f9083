from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss
from torch import nn

import tiny
from aurora_gradcam.config import Train
from aurora_gradcam.errors import DataError
from aurora_gradcam.training import loop, transforms
from aurora_gradcam.training.network import IMAGENET_MEAN, IMAGENET_STD
from aurora_gradcam.training.statistics import measure_statistics

PARAMS = Train(image_size=24, batch_size=8, frozen_epochs=2, finetune_epochs=3, learning_rate=0.02, finetune_factor=0.5)


class SmallNetwork(nn.Module):
    """What an EfficientNet is to the loop: features, pooling, dropout and a head."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 5, stride=2), nn.BatchNorm2d(8), nn.SiLU())
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(8, 2))
        self.batches = []

    def forward(self, pictures):
        if self.training:
            self.batches.append(len(pictures))
        return self.classifier(self.features(pictures).mean((2, 3)))


def network(seed=0):
    torch.manual_seed(seed)
    return SmallNetwork()


def frames(count, seed):
    generator = np.random.default_rng(seed)
    labels = [number % 2 for number in range(count)]
    pictures = [tiny.draw(("no", "yes")[label], generator, 24) for label in labels]
    return loop.Pictures([f"{seed}-{number:05d}" for number in range(count)], pictures, labels)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data():
    return frames(33, seed=1), frames(16, seed=2)


def state(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_it_learns_to_tell_aurora_from_dark_sky(data):
    trained = network()
    rows = list(loop.fit(trained, *data, PARAMS, seed=1))
    assert [(row.epoch, row.phase) for row in rows] == [
        (1, "frozen"), (2, "frozen"), (3, "finetune"), (4, "finetune"), (5, "finetune")
    ]  # fmt: skip
    assert rows[-1].train_loss < rows[0].train_loss
    assert loop.best_epoch(rows, PARAMS).val_accuracy >= 0.9


def test_the_backbone_stands_still_while_frozen_but_its_statistics_move(data):
    trained = network()
    before = state(trained)
    list(loop.fit(trained, *data, PARAMS.model_copy(update={"finetune_epochs": 0}), seed=1))
    after = trained.state_dict()
    still = {name for name in before if torch.equal(before[name], after[name])}
    assert still == {"features.0.weight", "features.0.bias", "features.1.weight", "features.1.bias"}
    assert all(parameter.grad is None for parameter in trained.features.parameters()), "gradients cost time"


def test_batch_statistics_are_means_over_the_training_frames_as_they_are(data):
    trained = network()
    params = PARAMS.model_copy(update={"batch_size": 11})
    rows = list(loop.fit(trained, *data, params, seed=1))
    assert loop.best_epoch(rows, params) == rows[-1], "the statistics below are those of the last epoch"
    plain = transforms.for_evaluation(24, IMAGENET_MEAN, IMAGENET_STD)
    with torch.inference_mode():
        responses = trained.features[0](torch.stack([plain(picture) for picture in data[0].pictures]))
    # three batches of 11 each, so that the mean of the batches' means is that of all frames
    torch.testing.assert_close(trained.features[1].running_mean, responses.mean((0, 2, 3)), rtol=1e-4, atol=1e-6)


def test_measuring_statistics_moves_nothing_else(data):
    trained = network()
    before = state(trained)
    plain = transforms.for_evaluation(24, IMAGENET_MEAN, IMAGENET_STD)
    dropped = []
    trained.classifier[0].register_forward_pre_hook(lambda module, inputs: dropped.append(module.training))
    pictures = torch.stack([plain(picture) for picture in data[0].pictures])
    measure_statistics(trained, pictures.split([11, 22]))
    after = trained.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    assert moved == {f"features.1.{name}" for name in statistics}
    assert dropped == [False, False]


def test_kept_statistics_stay_while_all_else_learns(data):
    trained = network()
    before = state(trained)
    list(loop.fit(trained, *data, PARAMS.model_copy(update={"statistics": "kept"}), seed=1))
    after = trained.state_dict()
    still = {name for name in before if torch.equal(before[name], after[name])}
    assert still == {f"features.1.{name}" for name in ("running_mean", "running_var", "num_batches_tracked")}


def test_all_layers_move_when_finetuned(data):
    trained = network()
    before = state(trained)
    list(loop.fit(trained, *data, PARAMS.model_copy(update={"frozen_epochs": 0}), seed=1))
    after = trained.state_dict()
    assert not [name for name in before if torch.equal(before[name], after[name])]


def test_each_phase_has_its_own_adam_and_rate(data, monkeypatch):
    made = []

    class Adam(torch.optim.Adam):
        def __init__(self, parameters, lr):
            parameters = list(parameters)
            made.append((len(parameters), lr))
            super().__init__(parameters, lr)

    monkeypatch.setattr(torch.optim, "Adam", Adam)
    list(loop.fit(network(), *data, PARAMS, seed=1))
    assert made == [(2, 0.02), (6, 0.01)]


@pytest.mark.parametrize("select_by", ["val_loss", "val_accuracy"])
def test_the_network_ends_with_the_weights_of_the_best_epoch(data, select_by):
    # labels that are wrong, and a second rate so large that the network grows too sure of itself: the loss rises
    train, val = data[0], dataclasses.replace(data[1], targets=[1, 0, *data[1].targets[2:]])
    params = PARAMS.model_copy(update={"finetune_factor": 500.0, "select_by": select_by})
    trained = network()
    rows = list(loop.fit(trained, train, val, params, seed=3))
    best = loop.best_epoch(rows, params)
    assert best.epoch < rows[-1].epoch
    plain = transforms.for_evaluation(24, IMAGENET_MEAN, IMAGENET_STD)
    assert loop.score(trained, val, plain, 8) == (best.val_loss, best.val_accuracy)


def test_which_epoch_is_best():
    def row(epoch, loss, accuracy):
        return loop.Epoch(epoch, "finetune", 0, 0, loss, accuracy)

    rows = [row(1, 0.5, 0.8), row(2, 0.3, 0.7), row(3, 0.4, 0.8), row(4, 0.3, 0.7), row(5, 0.4, 0.8)]
    assert loop.best_epoch(rows, PARAMS).epoch == 2
    assert loop.best_epoch(rows, PARAMS.model_copy(update={"select_by": "val_accuracy"})).epoch == 3


def test_scores_are_those_of_scikit_learn(data):
    trained, val = network(2).eval(), data[1]
    plain = transforms.for_evaluation(24, IMAGENET_MEAN, IMAGENET_STD)
    loss, accuracy = loop.score(trained, val, plain, batch_size=5)
    with torch.inference_mode():
        p = trained(torch.stack([plain(picture) for picture in val.pictures])).softmax(1).numpy()
    assert loss == pytest.approx(log_loss(val.targets, p), abs=1e-6)
    assert accuracy == accuracy_score(val.targets, p.argmax(1))


@pytest.mark.parametrize("batch_size", [3, 16])
def test_logits_are_the_networks_own_in_the_order_of_the_frames(data, batch_size):
    trained, val = network(2), data[1]
    plain = transforms.for_evaluation(24, IMAGENET_MEAN, IMAGENET_STD)
    logits = loop.logits_of(trained.train(), val, plain, batch_size)
    with torch.inference_mode():
        expected = torch.cat([trained.eval()(plain(picture)[None]) for picture in val.pictures])
    assert logits.dtype == np.float64
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-5)
    assert np.ptp(logits[:, 1] - logits[:, 0]) > 1e-3, "frames differ, so that their order shows"


def test_two_runs_agree_to_the_last_bit_whatever_was_drawn_before(data):
    one, other = network(), network()
    first = list(loop.fit(one, *data, PARAMS, seed=1))
    torch.manual_seed(99)
    random.seed(99)
    assert list(loop.fit(other, *data, PARAMS, seed=1)) == first
    assert same(one.state_dict(), other.state_dict())
    third = network()
    list(loop.fit(third, *data, PARAMS, seed=2))
    assert not same(one.state_dict(), third.state_dict())


def test_each_epoch_shows_a_frame_changed_anew_and_every_validation_the_same(data):
    trained = network()
    shown = {"train": [], "statistics": [], "val": []}

    def note(module, inputs):
        kind = "train" if module.training else "statistics" if module.features[1].training else "val"
        shown[kind].append(inputs[0].clone())

    trained.register_forward_pre_hook(note)
    list(loop.fit(trained, *data, PARAMS.model_copy(update={"finetune_epochs": 0}), seed=1))
    first, second = (torch.cat(shown["train"][half : half + 5]) for half in (0, 5))
    assert len(first) == len(second) == 33
    assert not any(torch.equal(one, other) for one in first for other in second)
    assert sum(len(batch) for batch in shown["statistics"]) == 2 * 33
    assert torch.equal(torch.cat(shown["val"][:2]), torch.cat(shown["val"][2:]))


def test_workers_change_nothing(data):
    params = PARAMS.model_copy(update={"frozen_epochs": 1, "finetune_epochs": 1})
    one, other = network(), network()
    assert list(loop.fit(one, *data, params, seed=1)) == list(loop.fit(other, *data, params, seed=1, workers=2))
    assert same(one.state_dict(), other.state_dict())


def test_every_frame_is_shown_once_an_epoch_and_no_batch_holds_a_single_one(data):
    trained = network()
    list(loop.fit(trained, *data, PARAMS.model_copy(update={"batch_size": 16, "finetune_epochs": 0}), seed=1))
    assert trained.batches == [11, 11, 11] * 2


def test_a_loss_that_is_not_finite(data):
    with pytest.raises(DataError, match=r"epoch \d is not finite.*lower train\.learning_rate"):
        list(loop.fit(network(), *data, PARAMS.model_copy(update={"learning_rate": 1e30}), seed=1))


def test_seeding_repeats_all_three_generators():
    loop.seed_everything(5)
    drawn = torch.rand(1).item(), np.random.rand(), random.random()  # noqa: NPY002
    loop.seed_everything(5)
    assert (torch.rand(1).item(), np.random.rand(), random.random()) == drawn  # noqa: NPY002
    assert torch.are_deterministic_algorithms_enabled()
