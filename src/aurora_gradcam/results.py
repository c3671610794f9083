"""Results that people read: their paths, and how numbers are written into their JSON files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from .files import write_text

# of evaluate
EVALUATION = Path("reports/metrics/evaluate.json")
CONDITIONS = Path("reports/metrics/conditions.csv")
OCCURRENCE = Path("reports/metrics/occurrence.csv")
CONFUSION_PLOT = Path("reports/plots/predictions.csv")
ROC_PLOT = Path("reports/plots/roc.csv")
RELIABILITY_PLOT = Path("reports/plots/reliability.csv")
# of couple
COUPLING = Path("reports/couple.json")
OCCURRENCE_BY_KP = Path("reports/metrics/coupling.csv")
# of gradcam
EXPLANATIONS = Path("reports/metrics/explanations.json")
# of `make leakage`
LEAKAGE = Path("reports/leakage.json")
# of report
METRICS = Path("reports/metrics.json")
FIGURES = Path("reports/figures")
KEOGRAMS = Path("reports/keograms")
OVERVIEW = Path("reports/overview.png")
PAGE = Path("reports/index.html")
MODEL_CARD = Path("MODEL_CARD.md")
DATA_CARD = Path("DATA_CARD.md")

DIGITS = 6
"""Decimals of floats in results files: finer than any interval, coarser than the last bits in which machines differ."""


def rounded(tree: Any) -> Any:
    """The same tree for JSON: floats to `DIGITS` decimals, numpy's numbers as Python's, NaN and infinity as None."""
    if isinstance(tree, dict):
        return {str(key): rounded(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [rounded(value) for value in tree]
    if isinstance(tree, float | np.floating):
        return round(float(tree), DIGITS) if math.isfinite(tree) else None
    return int(tree) if isinstance(tree, np.integer) else tree


def write_json(path: Path, tree: Any) -> None:
    """Write a JSON file, whole, in the order of its keys; a number that JSON does not have is a ValueError."""
    write_text(path, json.dumps(tree, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))
