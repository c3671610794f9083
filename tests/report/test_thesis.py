"""The thesis takes its numbers from the data: what changes in a table changes on the page."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import typst
import yaml

import report_fixture
from aurora_gradcam.conditions import CONDITIONS, condition_name
from aurora_gradcam.config import Params
from aurora_gradcam.errors import InputError, ToolError
from aurora_gradcam.report import thesis, thesis_tables
from aurora_gradcam.results import write_json

DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20"><rect width="90" height="20"/></svg>'
SOURCE = report_fixture.REPOSITORY / thesis.SOURCE
FIGURES = re.findall(r'#pictured\("(\w+)"\)', SOURCE.read_text())


def known(value: float | None, frames: int = 30, nights: int = 6) -> dict:
    """A number as evaluate writes it."""
    if value is None:
        return {"value": None, "low": None, "high": None, "frames": frames, "nights": 3, "too_few_nights": True}
    return {"value": value, "low": value / 2, "high": value * 1.01, "frames": frames, "nights": nights}


TRUST = {
    "labelled_frames": 20, "labelled_nights": 6, "left_out_frames": 4, "left_out_nights": 2,
    **{key: known(0.81) for key in ("sensitivity", "specificity", "precision", "f1", "brier")}, "ece": known(None),
}  # fmt: skip
CALLS = {
    "frames": 120, "nights": 6, "yes": 40, "no": 80, "yes_share": known(1 / 3), "yes_no_odds": known(0.5),
    "p_aurora_mean": known(0.35), "p_aurora_std": known(0.2),
}  # fmt: skip
SCORES = {
    "frames": 30, "nights": 6, "yes": 13, "no": 17, "accuracy": known(0.9), "balanced_accuracy": known(0.88),
    "sensitivity": known(0.75), "specificity": known(0.8125), "precision": known(0.8125), "f1": known(0.78),
    "auroc": known(None), "brier": known(0.1), "log_loss": known(0.4), "ece": known(0.05),
    "tn": 14, "fp": 3, "fn": 4, "tp": 9,
}  # fmt: skip
OCCURRENCE = {key: {**known(0.3), "labelled": 20, "labelled_nights": 6}
              for key in ("apparent", "rogan_gladen", "prediction_powered")}  # fmt: skip
MEASURED = {key: known(0.6) for key in ("heat_in_circle", "energy_over_area", "pointing_hit")}
METRICS = {
    "simulated": True,
    "data": {"nights": 24, "frames": 214890, "frames_bad": 5, "months": 2},
    "times": {"read": 700, "repaired": 11, "interpolated": 7, "failed": 2},
    "labels": {"labelled": 100, "yes": 45, "no": 55, "to_label": 13},
    "split": {"policy": "night", **{name: {"frames": 30, "nights": 3, "yes": 13, "no": 17} for name in
                                    ("train", "val", "test")}},
    "train": {"best_epoch": 4, "epochs": 12, "val_loss": 0.31, "val_accuracy": 0.91, "weights": "none"},
    "scores": {"train": SCORES, "val": SCORES, "test": {**SCORES, "accuracy": known(0.8642)}},
    "conditions": {condition_name(*condition): {**CALLS, **TRUST} for condition in CONDITIONS},
    "audit": TRUST,
    "calibration": {"temperature": 1.3, "threshold": 0.4, **{f"{name}_ece_{when}": known(0.07) for name in
                    ("val", "test") for when in ("before", "after")}},
    "occurrence": {"all": OCCURRENCE, **{condition_name(*condition): OCCURRENCE for condition in CONDITIONS}},
    "explanations": {
        "drawn": "gradcam@features.8", "maps": {"gradcam@features.8": MEASURED}, "baselines": {"uniform": MEASURED},
        "randomisation": {"gradcam@features.8": [{"part": "classifier", **known(0.4)}]},
    },
    "leakage": {
        "seeds": 3,
        "starts": {
            "sky": {
                "night": {"set": "test", "frames": 30, "nights": 6},
                "frame": {"set": "test", "frames": 30, "nights": 6},
                "scores": {"accuracy": {"night": known(0.8), "frame": known(0.9), "gap": known(0.1)}},
            },
        },
        "cameras": {
            "first_night_of_second": "20240101",
            "starts": {"sky": {camera: {
                "own": {"set": "test", "frames": 31, "nights": 7}, "other": {"set": "test", "frames": 31, "nights": 7},
                "scores": {"accuracy": {"own": known(0.83), "other": known(0.71), "gap": known(-0.12)}},
            } for camera in ("first", "second")}},
        },
    },
    "all_frames": {**CALLS, "frames_outside_conditions": 0, "mean_yes_no_odds": known(0.5)},
    "frames_without_prediction": 5,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the thesis's source and everything that it reads; its figures are black bars."""
    monkeypatch.chdir(tmp_path)
    Path("thesis/figures").mkdir(parents=True)
    for source in (SOURCE, SOURCE.with_name("study.yaml")):
        shutil.copy(source, "thesis")
    for name in FIGURES:
        Path(f"thesis/figures/{name}.svg").write_text(DOT)
    frames = pd.DataFrame({"night": ["20240201", "20240202"], "status": ["ok", "corrupt"]})
    sky = pd.DataFrame({"sun_class": ["Night"] * 3, "moon_class": ["No_Moon", "No_Moon", "Moon_Full"]})
    write(METRICS, frames, sky)
    return tmp_path


def write(
    metrics: dict, frames: pd.DataFrame, sky: pd.DataFrame, params: Params | None = None, figures: list = FIGURES
) -> None:
    params = params or Params()
    held_out = "test" if metrics["split"]["test"]["frames"] else "val"
    thesis.write_results(metrics, held_out, figures, [("extract", "2024-02: # of $frames$ are *bad*")])
    write_json(thesis.PARAMS, params.model_dump(mode="json"))
    for name, table in thesis_tables.tables(frames, sky, metrics).items():
        thesis.write_table(name, table)


def words(selectors: tuple[str, ...] = ("par", "figure", "list")) -> str:
    """All text of paragraphs, tables and captions, as Typst lays it out."""
    compiler = typst.Compiler(str(thesis.SOURCE), root=".", ignore_system_fonts=True)
    found: list[str] = []

    def collect(tree: object) -> None:
        if isinstance(tree, dict):
            if isinstance(tree.get("text"), str):
                found.append(tree["text"])
            for value in tree.values():
                collect(value)
        elif isinstance(tree, list):
            for value in tree:
                collect(value)

    for selector in selectors:
        collect(json.loads(compiler.query(selector)))
    return "|".join(found)


def squeezed(text: str) -> str:
    """Without white space: Typst keeps the spaces at line ends apart from the words."""
    return re.sub(r"[\s|]", "", text)


def test_two_compilations_give_the_same_bytes_and_no_warning(folder):
    thesis.compile_pdf()
    first = thesis.PDF.read_bytes()
    thesis.compile_pdf()
    assert thesis.PDF.read_bytes() == first
    assert first.startswith(b"%PDF")
    assert b"CreationDate" not in first
    compiler = typst.Compiler(str(thesis.SOURCE), root=".", ignore_system_fonts=True)
    assert compiler.compile_with_warnings(format="pdf")[1] == []


def test_numbers_on_the_page_are_those_of_the_metrics(folder):
    text = words()
    for number in ("0.864", "0.813", "214,890", "0.333", "0.8642"):
        assert number in text
    changed = json.loads(json.dumps(METRICS))
    changed["scores"]["test"]["accuracy"] = known(0.1234)
    write(changed, pd.DataFrame({"night": ["20240201"], "status": ["ok"]}), pd.DataFrame(columns=["sun_class", "moon_class"]))  # fmt: skip  # noqa: E501
    text = words()
    assert "0.1234" in text and "0.123" in text and "0.864" not in text


def test_a_simulated_sky_is_said_to_be_one_and_a_real_one_is_not(folder):
    assert "simulated sky" in words()
    frames, sky = pd.DataFrame({"night": [], "status": []}), pd.DataFrame(columns=["sun_class", "moon_class"])
    write({**METRICS, "simulated": False}, frames, sky)
    assert "simulated" not in words()


def test_the_frame_policy_is_said_to_leak_and_needs_no_test_set(folder):
    metrics = json.loads(json.dumps(METRICS))
    metrics["split"]["policy"] = "frame"
    metrics["split"]["test"] = {"frames": 0, "nights": 0, "yes": 0, "no": 0}
    metrics["scores"]["test"] = {key: 0 if isinstance(value, int) else known(None) for key, value in SCORES.items()}
    frames, sky = pd.DataFrame({"night": [], "status": []}), pd.DataFrame(columns=["sun_class", "moon_class"])
    write(metrics, frames, sky, Params.model_validate({"split": {"policy": "frame"}}))
    assert "the scores are optimistic" in words()
    assert "The split leaks" in words()
    assert "none of which it had seen" not in words()


def numbers_in(tree: object) -> set[str]:
    """Every number in a tree as the thesis may print it: as it stands, without its sign, as a percentage."""
    if isinstance(tree, dict):
        return set().union(*map(numbers_in, tree.values()))
    if isinstance(tree, list):
        return set().union(*map(numbers_in, tree))
    if isinstance(tree, bool) or not isinstance(tree, int | float):
        return set()
    return {f"{abs(value):g}" for value in (tree, 100 * tree)} | {f"{abs(tree):.4f}".rstrip("0").rstrip(".")}


def test_no_number_in_the_prose_is_typed_by_hand(folder):
    """With all metrics set to 1, prose holds only ones, parameters, years, and the numbers quoted from the study."""

    def ones(tree: object) -> object:
        if isinstance(tree, list):
            return [ones(value) for value in tree]
        return {key: ones(value) for key, value in tree.items()} if isinstance(tree, dict) else _one(tree)

    def _one(value: object) -> object:
        return value if isinstance(value, str | bool) else 1

    write(ones(METRICS), pd.DataFrame({"night": [], "status": []}), pd.DataFrame(columns=["sun_class", "moon_class"]))
    body = words(("par", "list")).split("A. N. Angelopoulos")[0]  # before the references
    text = re.sub(r"(Figure|Table)\W+\d+", "", body)
    printed = set(re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?!\w)", text.replace("|", " ")))
    of_metrics = {"1", "1.00", "1.000", "100.0"}
    of_method = {"95", "15"}  # level of the intervals, bins
    of_papers = {"1978", "2015", "2017", "2021", "2023"}  # years
    of_study = {"214,890", "331", "39.3", "28.4", "2022", "2025"}
    folded_phase = {"0", "180"}
    of_cameras = {METRICS["leakage"]["cameras"]["first_night_of_second"]}
    of_params = numbers_in(Params().model_dump(mode="json"))
    allowed = of_params | of_metrics | of_study | of_method | of_papers | folded_phase | of_cameras
    assert printed <= allowed
    assert of_metrics | of_study <= printed


def few_nights() -> dict:
    """A real camera with three test nights, no audit, no truth and no comparison of the splits."""
    metrics = json.loads(json.dumps(METRICS))
    counted = {**known(None), "value": 0.9, "count": 27, "of": 30}
    metrics |= {"simulated": False, "leakage": None}
    metrics["scores"]["test"] |= {"nights": 3, "accuracy": counted, "f1": known(None)}
    nothing = {"value": None, "low": None, "high": None, "frames": 0, "nights": 0, "too_few_nights": True}
    audit = {key: nothing if isinstance(value, dict) else 0 for key, value in TRUST.items()}
    metrics["audit"] = audit
    metrics["conditions"] = {name: {**row, **audit} for name, row in metrics["conditions"].items()}
    unmasked = {"heat_in_circle": known(0.9), "energy_over_area": nothing, "pointing_hit": nothing}
    metrics["explanations"] |= {"maps": {"gradcam@features.8": unmasked}, "baselines": {"uniform": unmasked}}
    return metrics


def test_a_real_camera_with_few_nights_reads_well(folder):
    frames, sky = pd.DataFrame({"night": [], "status": []}), pd.DataFrame(columns=["sun_class", "moon_class"])
    drawn = [name for name in FIGURES if name not in ("gradcam_by_form", "gradcam_by_colour", "gradcam_by_weather")]
    params = Params.model_validate({"site": {"latitude": 69.6, "longitude": 19.2, "timezone": "Europe/Oslo"}})
    write(few_nights(), frames, sky, params, drawn)
    text = squeezed(words())
    assert squeezed("accuracy is too few") not in text and squeezed("accuracy of too few") not in text
    assert squeezed("Of these frames, 27 are classified as labelled") in text
    assert squeezed("at different sites") in text
    assert squeezed("exact masks") not in text and squeezed("heat on aurora") not in text
    assert squeezed("no audit labels from nights outside") in text
    assert squeezed("The split leaks") not in text
    thesis.compile_pdf()  # nothing refers to a figure or table that is left out


def test_the_study_is_cited_and_dated_before_it_is_compared_with(folder):
    text = squeezed(words())
    cite = yaml.safe_load(SOURCE.with_name("study.yaml").read_text())["cite"]
    named = text.index(squeezed(f"{cite['author']} ({cite['year']})"))
    assert named < text.index(squeezed("the study prints"))
    assert cite["url"] in text


def test_no_interval_is_called_a_prediction(folder):
    text = squeezed(words())
    assert squeezed("95% confidence interval") in text
    assert squeezed("of the intervals would contain the true value") in text


def test_warnings_of_the_run_are_in_the_appendix_as_they_are(folder):
    assert squeezed("2024-02: # of $frames$ are *bad*") in squeezed(words())


def test_the_studys_numbers_are_consistent_with_one_another():
    study = yaml.safe_load((SOURCE.with_name("study.yaml")).read_text())
    calls = study["conditions"]
    assert sum(row["yes"] for row in calls.values()) == study["yes"]
    assert sum(row["yes"] + row["no"] for row in calls.values()) == study["frames"]
    dark = calls["Night x No_Moon"]
    assert dark["yes"] + dark["no"] == study["dark_frames"]
    odds = [row["yes"] / row["no"] for row in calls.values()]
    assert sum(odds) / 9 == pytest.approx(study["odds_mean"], abs=5e-4)
    assert list(calls) == [condition_name(*condition) for condition in CONDITIONS]


def test_a_fault_in_the_source_is_one_clear_error(folder):
    thesis.SOURCE.write_text("#unknown-function()")
    with pytest.raises(ToolError, match="unknown variable"):
        thesis.compile_pdf()
    thesis.SOURCE.unlink()
    with pytest.raises(InputError, match="source of the thesis is missing"):
        thesis.compile_pdf()
    assert not thesis.PDF.exists()
