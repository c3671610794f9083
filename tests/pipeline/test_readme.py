"""README shows the numbers that metrics.json holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
METRICS = json.loads((ROOT / "reports/metrics.json").read_text(encoding="utf-8"))


def rows(heading: str) -> dict[str, list[str]]:
    """The table after a line that starts with `| heading`, by its first column."""
    lines = README.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} "))
    cells = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return cells
        name, *values = (cell.strip() for cell in line.strip("|").split("|"))
        cells[name] = values
    return cells


def told(estimate: dict) -> str:
    """A number with its interval, as README shows it."""
    if estimate["value"] is None:
        return "too few nights" if estimate.get("too_few_nights") else "none"
    return "{value:.3f} ({low:.3f} to {high:.3f})".format(**estimate)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_the_scores(split):
    scores = METRICS["scores"][split]
    keys = ("accuracy", "sensitivity", "specificity", "f1", "auroc", "ece")
    assert rows("split")[split] == [str(scores["frames"]), str(scores["nights"]), *(told(scores[key]) for key in keys)]


def test_the_nine_conditions():
    shown = rows("condition")
    assert list(shown) == list(METRICS["conditions"])
    for name, values in METRICS["conditions"].items():
        counts = [str(values[key]) for key in ("frames", "nights", "yes", "no")]
        assert shown[name] == [*counts, told(values["yes_share"]), told(values["yes_no_odds"])]


def test_the_occurrence():
    shown = rows("occurrence")
    for group, methods in METRICS["occurrence"].items():
        if group in shown:
            assert shown[group] == [told(methods[key]) for key in ("apparent", "rogan_gladen", "prediction_powered")]
    assert "all" in shown


def test_the_times():
    told = re.search(r"(\d+) times were read, (\d+) repaired, (\d+) interpolated, (\d+) failed", README)
    assert told, "the sentence on times is gone"
    assert [int(number) for number in told.groups()] == list(METRICS["times"].values())
