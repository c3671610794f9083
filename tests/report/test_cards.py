"""The cards hold no number of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import report_fixture
from aurora_gradcam.report import cards, inputs, metrics, point_estimates, verdicts
from aurora_gradcam.results import DATA_CARD, MODEL_CARD
from pipeline import numbers

MODEL = {
    "backbone": "efficientnet_b0", "image_size": 64, "temperature": 1.25, "threshold": 0.517,
    "provenance": {"weights": {"name": "sky"}, "classifier_sha256": "d" * 64},
}  # fmt: skip
CONSTANTS = {
    "level of the intervals": 95,
    "least nights for an interval": 5,
    "name of a hash": 256,
    "degrees west": 114.35,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        params = report_fixture.project()
        inputs.MODEL_CARD.parent.mkdir(parents=True)
        inputs.MODEL_CARD.write_text(json.dumps(MODEL))
        Path("CITATION.cff").write_text((report_fixture.REPOSITORY / "CITATION.cff").read_text())
        yield params


def texts(params) -> tuple[str, str, dict]:
    data = inputs.read(params)
    readable = point_estimates.with_point_estimates(metrics.collect(params, data), data)
    cards.write(data, readable, params)
    return MODEL_CARD.read_text(encoding="utf-8"), DATA_CARD.read_text(encoding="utf-8"), readable


def test_every_number_is_one_of_metrics_model_and_params(project):
    model_card, data_card, readable = texts(project)
    sources = [readable, MODEL, project.model_dump(mode="json"), CONSTANTS]
    for card in (model_card, data_card):
        for name, section in numbers.sections(card).items():
            if name in ("How to cite", "Content"):  # Content: counts of tables, below
                continue
            strangers = [str(claim) for claim in numbers.claims(section) if not numbers.holds(sources, claim)]
            assert not strangers, (name, strangers)


def test_the_tables_of_the_data_card_add_up(project):
    _, card, readable = texts(project)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in card.splitlines() if line.startswith("| 2")]
    assert sum(int(row[1]) for row in rows) == readable["data"]["nights"]
    assert sum(int(row[2]) for row in rows) == readable["data"]["frames"]
    assert sum(int(cell) for row in rows for cell in row[4:]) == readable["data"]["frames_bad"]


def test_a_changed_score_changes_the_card(project):
    data = inputs.read(project)
    readable = point_estimates.with_point_estimates(metrics.collect(project, data), data)
    readable["scores"]["test"]["accuracy"] |= {"value": 0.8765, "low": 0.7654, "high": 0.9876}
    card = cards.compose("model_card.md", data, readable, project)
    assert "| accuracy | 0.876 (0.765 to 0.988) |" in card or "| accuracy | 0.877 (0.765 to 0.988) |" in card


def test_the_starting_weights_stand_beside_the_model_with_what_the_labels_brought(project):
    data = inputs.read(project)
    readable = point_estimates.with_point_estimates(metrics.collect(project, data), data)
    gain = {"value": -0.125, "low": -0.25, "high": -0.0625, "frames": 27, "nights": 6}
    readable["start"]["scores"]["balanced_accuracy"] |= {"value": 0.875, "low": 0.75, "high": 0.9375}
    readable["start"]["gain"] = {"balanced_accuracy": gain}
    card = cards.compose("model_card.md", data, readable, project)
    assert "| balanced accuracy | 0.875 (0.750 to 0.938) | \N{MINUS SIGN}0.125 (\N{MINUS SIGN}0.250 to" in card
    assert "The labels made the classifier worse" in card
    readable["start"] = {"weights": "imagenet", "scores": None, "gain": None}
    assert "`imagenet`) are not compared" in cards.compose("model_card.md", data, readable, project)


def test_further_heads_are_listed_with_what_they_tell_and_where_they_come_from(project, monkeypatch, tmp_path):
    heads = {
        "cloud": {"classes": ["clear", "broken"], "penalty_from_weights": 0.1, "labelled": {"train": 0, "val": 0}},
        "form": {"classes": ["none", "arc"], "labelled": {"train": 12, "val": 3}},
        "strength": {"unit": "log10 kilorayleigh", "penalty_from_weights": 1.0},
    }
    model = {**MODEL, "provenance": {**MODEL["provenance"], "heads": heads}}
    (tmp_path / "model.json").write_text(json.dumps(model))
    monkeypatch.setattr(inputs, "MODEL_CARD", tmp_path / "model.json")
    data = inputs.read(project)
    readable = point_estimates.with_point_estimates(metrics.collect(project, data), data)
    card = cards.compose("model_card.md", data, readable, project)
    assert "- **Further head, cloud:** clear, broken; it came with the starting weights.\n" in card
    assert "- **Further head, form:** none, arc; learnt from 12 labelled training frames.\n" in card
    assert "- **Further head, strength:** kilorayleigh, the brightest green line; it came with" in card


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.1, 0.2, "helped:"), (0.0, 0.2, "no gain"), (-0.1, 0.2, "no gain"), (-0.2, -0.1, "worse"), (None, None, "told")],
)
def test_the_gain_is_told_by_its_interval(low, high, words):
    assert words in verdicts.gain_text({"low": low, "high": high, "nights": 3})


@pytest.mark.parametrize(
    ("temperature", "threshold", "words"),
    [
        ("val", "val", "Both were chosen on the validation set."),
        ("val", "half", "the threshold is one half, since on validation nights no other"),
        ("val", "params", "temperature was chosen on the validation set; the threshold is set in params.yaml"),
        (
            "default",
            "default",
            "Both are defaults and not chosen on the validation set, since",
        ),
        ("default", "params", "The temperature is the default"),
    ],
)
def test_the_card_says_where_temperature_and_threshold_come_from(project, temperature, threshold, words):
    data = inputs.read(project)
    readable = point_estimates.with_point_estimates(metrics.collect(project, data), data)
    readable["calibration"] |= {"temperature_from": temperature, "threshold_from": threshold}
    assert words in cards.compose("model_card.md", data, readable, project)


def test_a_simulated_origin_is_stated_at_the_top_and_a_real_one_is_not_called_simulated(project):
    model_card, data_card, readable = texts(project)
    assert "simulated sky" in model_card[:600] and "simulated" in data_card[:400]
    data = inputs.read(project)
    real = {**readable, "simulated": False}
    for template in ("model_card.md", "data_card.md"):
        card = cards.compose(template, data, real, project)
        assert "simulated sky" not in card.replace("learnt on simulated skies", "")
        assert "> **" not in card


def test_without_a_model_or_a_citation_the_cards_are_still_written(project, monkeypatch, tmp_path):
    monkeypatch.setattr(inputs, "MODEL_CARD", tmp_path / "model.json")
    monkeypatch.setattr(cards, "CITATION", tmp_path / "CITATION.cff")
    model_card, data_card, _ = texts(project)
    assert "model.json` is missing" in model_card
    assert "MIT" not in model_card + data_card
