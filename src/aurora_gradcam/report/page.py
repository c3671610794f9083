"""reports/index.html: one page with all results, which loads nothing from any other file or machine.

The same inputs give the same bytes.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from ..config import Params
from ..files import write_text
from ..inference.bootstrap import MIN_NIGHTS
from ..web.pages import render
from . import kind_tables, page_pictures, page_tables, provenance
from .formats import Table, counted, estimate, inline, number, whole
from .headlines import headlines, label_noise
from .inputs import Inputs
from .page_tables import SETS
from .verdicts import calibration_text, chosen_on_val, gain_text


def result_tables(metrics: dict[str, Any], held_out: str) -> dict[str, Table | None]:
    """The tables of results by name; None where there is nothing to show."""
    audited = metrics["audit"]["labelled_frames"] > 0
    begun = metrics.get("start") or {}
    leakage, explanations = metrics["leakage"], metrics["explanations"]
    chances = (metrics.get("coupling") or {}).get("chances")
    curves = explanations["randomisation"]
    truth = (metrics.get("truth") or {}).get("scores")
    return {
        "by_split": page_tables.by_split(metrics["scores"]),
        "start": page_tables.start(begun, metrics["scores"]["test"]) if begun.get("scores") else None,
        "against_truth": page_tables.against_truth(metrics["scores"], truth) if truth else None,
        "confusion": page_tables.confusion(metrics["scores"][held_out], SETS[held_out]),
        "by_condition": page_tables.by_condition(metrics["conditions"]),
        "audit": page_tables.audit(metrics["conditions"], metrics["audit"]) if audited else None,
        "calibration": page_tables.calibration(metrics["calibration"]),
        "occurrence": page_tables.occurrence(metrics["occurrence"]) if metrics["occurrence"] else None,
        "coupling": page_tables.coupling(chances) if chances else None,
        "leakage": page_tables.leakage(leakage) if leakage else None,
        "cameras": page_tables.cameras(leakage["cameras"]) if leakage and leakage["cameras"] else None,
        "maps": page_tables.maps(explanations) if explanations["maps"] else None,
        "randomisation": page_tables.randomisation(curves) if curves else None,
    }


def coverage_text(metrics: dict[str, Any]) -> str:
    """How many intervals of the occurrence hold the simulator's truth; empty without truth or intervals."""
    of = (metrics.get("truth") or {"coverage": {}})["coverage"]
    parts = [
        f"{of[method]['held']} of {of[method]['cells']} ({name})"
        for method, name in page_tables.OCCURRENCE.items()
        if method in of and of[method]["cells"]
    ]
    if not parts:
        return ""
    return (
        "The simulator knows the truth. Of the conditions, months and hours with a 95% interval, so many intervals "
        f"hold the true share of the same frames: {', '.join(parts)}. The intervals also allow for other nights than "
        "these, so that more than 95% should hold it; the corrections lead to what the labels say, and labels err."
    )


def error_gallery(data: Inputs, metrics: dict[str, Any]) -> dict[str, Any]:
    """The labelled frames that test the classifier, and cards of its errors, or without errors of the least certain."""
    labelled = page_pictures.unseen_labelled(data)
    errors = page_pictures.confident_errors(labelled)
    uncertain = page_pictures.least_certain(labelled, metrics["calibration"]["threshold"])
    cards, count = (errors, page_pictures.ERRORS) if len(errors) else (uncertain, page_pictures.UNCERTAIN)
    return {"labelled": len(labelled), "errors": len(errors), "cards": page_pictures.frame_cards(cards, count)}


def compose(data: Inputs, metrics: dict[str, Any], params: Params, pictures: Path) -> str:
    """The page as HTML.

    Parameters
    ----------
    metrics
        From `point_estimates.with_point_estimates`.
    pictures
        The folder that holds `figures` and `keograms`.
    """
    lock = provenance.lock(params)
    figures = page_pictures.figures(pictures / "figures")
    true_scores = (metrics.get("truth") or {}).get("scores")
    season = figures.pop("season_keogram", None)
    measured = page_tables.measured({**metrics["explanations"]["maps"], **metrics["explanations"]["baselines"]})
    return render(
        "report.html",
        package="aurora_gradcam.report",
        params=params,
        metrics=metrics,
        held_out=data.held_out,
        set_name=SETS[data.held_out],
        min_nights=MIN_NIGHTS,
        headlines=headlines(metrics["scores"][data.held_out], true_scores and true_scores[data.held_out]),
        label_noise=label_noise(metrics, data.held_out),
        tables=result_tables(metrics, data.held_out),
        kind_tables=kind_tables.tables(metrics.get("kinds") or {}, metrics["occurrence"], data.held_out),
        true_kinds=kind_tables.against_truth((metrics.get("truth") or {}).get("kinds") or {}, data.held_out),
        start_weights=(metrics.get("start") or {}).get("weights"),
        gain_text=gain_text,
        calibration_text=calibration_text(metrics["calibration"], params.train.least_val_nights),
        chosen_on_val=chosen_on_val(metrics["calibration"]),
        coverage=coverage_text(metrics),
        has_masks="energy_in_mask" in measured,
        yes_share=estimate(metrics["all_frames"]["yes_share"]),
        figures=list(figures.values()),
        season=season,
        months=page_pictures.nights(data, pictures / "keograms"),
        gallery_of_errors=error_gallery(data, metrics),
        explained=page_pictures.explained_groups(data),
        data_tables=page_tables.data_tables(data, metrics),
        warnings={stage: [text for _, text in rows] for stage, rows in groupby(data.warnings, key=lambda row: row[0])},
        study=page_tables.study_settings(data.study, params),
        cite=data.study and data.study["cite"],
        origin=page_tables.provenance_tables(params, data.model, lock),
        find_commit=lock and lock.classifier and provenance.FIND_COMMIT.format(md5=lock.classifier),
        whole=whole,
        counted=counted,
        inline=inline,
        number=number,
    )


def write(path: Path, data: Inputs, metrics: dict[str, Any], params: Params) -> None:
    """Write the page, whole; the folders `figures` and `keograms` are beside it."""
    write_text(path, compose(data, metrics, params, path.parent))
