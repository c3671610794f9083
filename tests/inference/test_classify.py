from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
import torch

import tiny
from aurora_gradcam.inference.classify import ahead, aurora_probability, classify, predictions
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.training.network import ModelCard, build
from aurora_gradcam.training.transforms import for_evaluation


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [tiny.draw(label, generator) for label in ("yes", "no") * 4 + ("yes",)]


@pytest.fixture(scope="module")
def model(pictures) -> tuple[torch.nn.Module, ModelCard]:
    """An untrained network whose normalisation has seen the pictures, so that its logits differ between them."""
    card = ModelCard(backbone="efficientnet_b0", image_size=64)
    network = build(card.backbone, seed=1).train()
    prepare = for_evaluation(card.image_size, card.mean, card.std)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
        network(torch.stack([prepare(picture) for picture in pictures]))
    return network.eval(), card


@pytest.fixture(scope="module")
def one_by_one(model, pictures) -> np.ndarray:
    """The logits without this module: one picture a call, in the default memory format."""
    network, card = model
    prepare = for_evaluation(card.image_size, card.mean, card.std)
    with torch.no_grad():
        return np.concatenate([network(prepare(picture)[None]).numpy() for picture in pictures])


def test_the_test_network_tells_pictures_apart(one_by_one):
    assert np.abs(np.diff(one_by_one, axis=0)).max() > 0.01


@pytest.mark.parametrize("batch_size", [1, 4, 50])
def test_logits_do_not_depend_on_the_batch_size(model, pictures, one_by_one, batch_size):
    logits = classify(*model, iter(pictures), batch_size)
    assert logits.shape == (len(pictures), 2)
    assert logits.dtype == np.float64
    np.testing.assert_allclose(logits, one_by_one, atol=1e-4)  # sums of another order, through 200 layers


def test_logits_do_not_depend_on_the_number_of_threads(model, pictures, monkeypatch):
    found = []
    for threads in (0, 1, 4):
        monkeypatch.setattr("aurora_gradcam.inference.classify.helpers", lambda network, threads=threads: threads)
        found.append(classify(*model, pictures, 4))
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()


def test_pictures_of_any_size_are_taken(model):
    flat = np.full((40, 70, 3), 90, dtype=np.uint8)
    small, large = classify(*model, [flat, np.full((300, 200, 3), 90, dtype=np.uint8)], 2)
    np.testing.assert_allclose(small, large, atol=1e-4)


def test_no_pictures_give_no_logits(model):
    assert classify(*model, [], 8).shape == (0, 2)


def test_pictures_are_drawn_batch_by_batch(model, pictures, monkeypatch):
    """At no time more than two batches are drawn and not yet classified."""
    monkeypatch.setattr("aurora_gradcam.inference.classify.helpers", lambda network: 2)
    network, card = model
    drawn, done, most = 0, 0, 0

    def counted():
        nonlocal drawn, most
        for picture in pictures * 3:
            drawn += 1
            most = max(most, drawn - done)
            yield picture

    def count(_module, inputs, _output):
        nonlocal done
        done += len(inputs[0])

    handle = network.register_forward_hook(count)
    try:
        classify(network, card, counted(), 4)
    finally:
        handle.remove()
    assert done == 3 * len(pictures)
    assert most <= 2 * 4 + 1


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_ahead_keeps_the_order(threads):
    assert list(ahead(lambda x: x * x, iter(range(50)), threads, 5)) == [x * x for x in range(50)]


@pytest.mark.parametrize("threads", [0, 3])
def test_ahead_raises_the_error_where_it_belongs(threads):
    results = ahead(lambda x: 1 // (3 - x), range(10), threads, 4)
    assert list(itertools.islice(results, 3)) == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_ahead_works_before_it_is_asked_but_no_further_than_its_depth():
    begun, met = [], threading.Event()

    def function(x):
        begun.append(x)
        if len(begun) == 4:
            met.set()
        return x

    results = ahead(function, itertools.count(), 2, 3)
    assert next(results) == 0
    assert met.wait(10)
    results.close()
    assert sorted(begun) == [0, 1, 2, 3]


def test_probability_is_the_softmax_of_the_cooled_logits():
    logits = np.array([[0.0, 0.0], [1.0, 3.0], [2.0, -1.0], [0.0, 2000.0], [2000.0, 0.0]])
    for temperature in (0.5, 1.0, 2.5):
        expected = torch.softmax(torch.from_numpy(logits) / temperature, dim=1)[:, 1].numpy()
        np.testing.assert_allclose(aurora_probability(logits, temperature), expected, atol=1e-15)


def test_a_frame_on_the_threshold_is_aurora():
    # log 4 - log 1: odds of 4 to 1, so p = 0.8 within rounding; odds of 1 to 1 are 0.5 exactly
    logits = np.array([[0.0, 0.0], [0.0, np.log(4.0)], [0.0, -1e-9]])
    rows = predictions(["20240201-00000", "20240201-00010", "20240201-00020"], logits, 1.0, 0.5)
    assert rows["is_aurora"].tolist() == [True, True, False]
    np.testing.assert_allclose(rows["p_aurora"], [0.5, 0.8, 0.5], atol=1e-9)
    PREDICTIONS_TABLE.checked(rows, "test")
