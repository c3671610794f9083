"""The cards at the head of the page: a score, its interval as a bar, and beside it the same score against the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .formats import Cell, Numbers, estimate, number

HEADLINES = {
    "accuracy": ("Accuracy", "frames classified as labelled"),
    "sensitivity": ("Sensitivity", "frames with aurora that are detected"),
    "specificity": ("Specificity", "frames without aurora that are rejected"),
    "auroc": ("AUROC", "how well P(yes) ranks aurora above no aurora"),
}
STARTS = (0.9, 0.8, 0.5)
"""Where the bars may begin, the first that is below all numbers and limits; else 0."""


@dataclass(frozen=True)
class Headline:
    """One card; `places` in percent of the bar by value, low, high, and truth where there is one."""

    name: str
    meaning: str
    cell: Cell
    truth: Cell | None
    places: dict[str, str]
    ticks: tuple[str, str, str]


def headlines(score: Numbers, truth: Numbers | None = None) -> list[Headline]:
    """The cards of one set, all on one scale; `truth`: its scores against the simulator's truth."""
    numbers = {name: {key: score[name][key] for key in ("value", "low", "high")} for name in HEADLINES}
    if truth:
        numbers = {name: of | {"truth": truth[name]["value"]} for name, of in numbers.items()}
    known = [value for of in numbers.values() for value in of.values() if value is not None]
    start = next((start for start in STARTS if known and min(known) >= start), 0.0)
    ticks = (number(start, 1), number((start + 1) / 2, 2), "1")
    cards = []
    for key, (name, meaning) in HEADLINES.items():
        places = {
            what: f"{100 * (value - start) / (1 - start):.1f}"
            for what, value in numbers[key].items()
            if value is not None
        }
        beside = estimate(truth[key]) if truth and truth[key]["value"] is not None else None
        cards.append(Headline(name, meaning, estimate(score[key]), beside, places, ticks))
    return cards


def label_noise(metrics: dict[str, Any], held_out: str) -> str:
    """How far the labels of the held-out set depart from the truth; empty without truth or frames."""
    of = (metrics.get("truth") or {"labels": {}})["labels"].get(held_out)
    if not of or not of["frames"]:
        return ""
    same = of["frames"] - of["missed"] - of["invented"]
    cell = estimate(of["agreement"])
    share = f"{cell.text} ({cell.small})" if cell.text else "of too few nights for an interval"
    return (
        f"Labels err too: {same:,} of {of['frames']:,} agree with the truth of the simulation, a share of {share}. "
        f"People missed aurora in {of['missed']:,} frames and saw some where there is none in {of['invented']:,}."
    )
