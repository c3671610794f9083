"""reports/index.html: one page with all that a reader needs, which asks nothing of any other file or machine.

The same inputs give the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..config import Params
from ..files import atomic_write
from ..inference.bootstrap import MIN_NIGHTS
from ..tables.split import SPLITS
from ..tables.times import TIME_STATUSES
from ..web.pages import render
from . import page_galleries, page_tables, provenance
from .inputs import Inputs
from .page_numbers import Table, counted, estimate, number, plain, whole
from .page_tables import SETS
from .thesis import illumination_table, months_table

HEADLINES = {
    "accuracy": ("Accuracy", "calls that agree with the label"),
    "sensitivity": ("Sensitivity", "frames with aurora that are called yes"),
    "specificity": ("Specificity", "frames without aurora that are called no"),
    "auroc": ("AUROC", "how well P(yes) ranks yes above no"),
}


def headlines(score: dict[str, Any]) -> list[dict[str, Any]]:
    """Name, meaning, formatted estimate, and the estimate itself for the bar from 0 to 1."""
    return [
        {"name": name, "meaning": meaning, "cell": estimate(score[key]), "of": score[key]}
        for key, (name, meaning) in HEADLINES.items()
    ]


def results(metrics: dict[str, Any], held_out: str) -> dict[str, Table | None]:
    """The tables of results by name; None where there is no material."""
    audited = metrics["audit"]["labelled_frames"] > 0
    leakage, explanations = metrics["leakage"], metrics["explanations"]
    return {
        "by_split": page_tables.by_split(metrics["scores"]),
        "confusion": page_tables.confusion(metrics["scores"][held_out], SETS[held_out]),
        "by_condition": page_tables.by_condition(metrics["conditions"]),
        "audit": page_tables.audit(metrics["conditions"], metrics["audit"]) if audited else None,
        "calibration": page_tables.calibration(metrics["calibration"]),
        "occurrence": page_tables.occurrence(metrics["occurrence"]),
        "leakage": page_tables.leakage(leakage) if leakage else None,
        "maps": page_tables.maps(explanations) if explanations["maps"] else None,
        "randomisation": page_tables.randomised(explanations["randomisation"])
        if explanations["randomisation"]
        else None,
    }


def material(data: Inputs, metrics: dict[str, Any]) -> list[Table]:
    """The tables of the data: months, sky, times, labels and split."""
    months, sky = months_table(data.frames), illumination_table(data.sky)
    times, labels, split = metrics["times"], metrics["labels"], metrics["split"]
    counts = [[str(row[0]), *(whole(int(count)) for count in row[1:])] for row in months.itertuples(index=False)]
    classes = [[str(row[0]), *(whole(int(count)) for count in row[1:])] for row in sky.itertuples(index=False)]
    sets = [[SETS[name], *(whole(split[name][key]) for key in ("nights", "frames", "yes", "no"))] for name in SPLITS]
    return [
        Table("months", "Nights and frames by month.", list(months.columns), counts),
        Table("times", "How the times of the frames were got.", ["", *TIME_STATUSES],
              [["frames", *(whole(times[status]) for status in TIME_STATUSES)]]),
        Table("sky", "Frames by sun and moon class.", [plain(name) for name in sky.columns], classes),
        Table("labels", "Labels.", ["", "labelled", "yes", "no", "still to label"],
              [["frames", *(whole(labels[key]) for key in ("labelled", "yes", "no", "to_label"))]]),
        Table("split", f"The split (policy: {split['policy']}).", ["set", "nights", "frames", "yes", "no"], sets),
    ]  # fmt: skip


def origin(params: Params) -> dict[str, Any]:
    """Tables of provenance, and what finds the commit; None where there is no card or no lock."""
    card, lock = provenance.card(), provenance.lock(params)
    return {
        "packages": Table("packages", "Versions.", ["package", "version"], provenance.versions(), numeric=False),
        "params": Table("params", "Parameters that differ from the defaults, the study's values.",
                        ["parameter", "here", "default"], provenance.differing(params), numeric=False),
        "card": card and Table("card", "The classifier (data/models/model.json).", ["", "value"],
                               provenance.card_rows(card), numeric=False),
        "hashes": lock and Table("hashes", "Data under DVC (dvc.lock).", ["path", "MD5", "bytes"],
                                 [[entry.path, entry.md5, whole(entry.size)] for entry in lock.data], numeric=False),
        "lock": lock,
        "find_commit": lock and lock.classifier and provenance.FIND_COMMIT.format(md5=lock.classifier),
    }  # fmt: skip


def compose(data: Inputs, metrics: dict[str, Any], params: Params, pictures: Path) -> str:
    """The page; `pictures` is the folder that holds `figures` and `keograms`."""
    held_out = "test" if metrics["split"]["test"]["frames"] else "val"
    judged = page_galleries.unmet(data)
    wrong = page_galleries.surest_errors(judged)
    doubtful = page_galleries.least_certain(judged, metrics["calibration"]["threshold"])
    return render(
        "report.html",
        params=params,
        metrics=metrics,
        held_out=held_out,
        set_name=SETS[held_out],
        min_nights=MIN_NIGHTS,
        headlines=headlines(metrics["scores"][held_out]),
        tables=results(metrics, held_out),
        yes_share=estimate(metrics["all_frames"]["yes_share"]),
        figures=page_galleries.figures(pictures / "figures"),
        months=page_galleries.nights(data, pictures / "keograms"),
        judged=len(judged),
        errors=len(wrong),
        error_cards=page_galleries.cards(wrong, page_galleries.ERRORS),
        doubtful_cards=[] if len(wrong) else page_galleries.cards(doubtful, page_galleries.UNCERTAIN),
        explained=page_galleries.explained_groups(data),
        material=material(data, metrics),
        origin=origin(params),
        whole=whole,
        counted=counted,
        number=number,
    )


def write(path: Path, data: Inputs, metrics: dict[str, Any], params: Params) -> None:
    """Write the page, whole; the folders `figures` and `keograms` stand beside it."""
    page = compose(data, metrics, params, path.parent)
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
