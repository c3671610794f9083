"""Stage report: metrics.json, the figures, the page, the cards, and the thesis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from .. import config
from ..conditions import DARK_SUN_CLASSES
from ..drawing import night_plot, season, style
from ..parallel import map_nights
from ..results import FIGURES, KEOGRAMS, METRICS, OVERVIEW, PAGE, write_json
from ..stage import stage_main
from . import (
    against_truth,
    cards,
    charts,
    inputs,
    metrics,
    occurrence_charts,
    occurrence_groups,
    overview,
    page,
    photo_figures,
    point_estimates,
    reliability_chart,
    thesis,
    workflow_chart,
)

KINDS = ("photographs", "charts", "keograms")
"""Figures that are written side by side, the longest work first."""
Named = Iterator[tuple[str, Figure | None]]
"""(name, figure) one after the other, nights by their date; None: there is nothing to draw."""


def chart_figures(data: inputs.Inputs, numbers: dict[str, Any], params: config.Params) -> Named:
    """All figures without photographs; `numbers` are the metrics with point estimates."""
    joined = charts.with_conditions(data.predictions, data.sky)
    in_conditions = int((data.sky["sun_class"].isin(DARK_SUN_CLASSES) & data.sky["moon_class"].notna()).sum())
    maps = len(data.cams.drop_duplicates(["frame_id", "target", "method", "layer"]))
    yield "full_workflow", workflow_chart.full_workflow(numbers, data.held_out, in_conditions, maps)
    yield "moon_phase_distribution", charts.moon_phase_distribution(data.sky, params)
    yield "acc_loss", charts.acc_loss(data.training, numbers["train"]["best_epoch"])
    yield "p_yes_heatmap", charts.p_yes_heatmap(joined)
    yield "p_yes_histograms", charts.p_yes_histograms(joined, numbers["calibration"]["threshold"])
    errors = {when: numbers["calibration"][f"{data.held_out}_ece_{when}"] for when in ("before", "after")}
    yield "reliability", reliability_chart.reliability(data.reliability, errors, data.held_out)
    table = against_truth.with_truth(data, params.site)
    occurrence = occurrence_groups.with_points(table, data, params.site)
    yield "occurrence_by_condition", occurrence_charts.by_condition(occurrence)
    yield "occurrence_by_time", occurrence_charts.by_time(occurrence)
    yield "occurrence_by_kp", occurrence_charts.by_kp(data.occurrence_by_kp)


def keograms(data: inputs.Inputs, threshold: float, params: config.Params) -> Named:
    """Every night of at least `report.keogram_minutes` by its name; then some of them on one page, and the season.

    On the page `keograms` held-out nights come before others.
    """
    held_out = set(data.split.loc[data.split["split"] == data.held_out, "night"])
    unseen: list[night_plot.Night] = []
    others: list[night_plot.Night] = []
    columns: list[season.Column] = []
    for name, frames in night_plot.by_night(data.predictions, data.sky, data.labels).items():
        night = night_plot.read_night(frames)
        columns.append(season.column(night))
        if night_plot.minutes(frames) < params.report.keogram_minutes:
            continue
        kept = unseen if name in held_out else others
        if len(kept) < night_plot.PER_PAGE:
            kept.append(night)
        yield name, night_plot.night_keogram(night, threshold, params.extract.interval_s)
    pages = night_plot.all_nights((unseen + others)[: night_plot.PER_PAGE], threshold, params.extract.interval_s)
    yield "keograms", next(pages, None)
    yield "season_keogram", season.season_keogram(columns)


def remove_others(folder: Path, names: Iterable[str]) -> None:
    """Remove the files of an earlier run that this one has not written; `names` without suffix."""
    kept = set(names)
    for path in folder.glob("*.*"):
        if path.stem not in kept:
            path.unlink()


def write_figures(data: inputs.Inputs, numbers: dict[str, Any], params: config.Params) -> set[str]:
    """Write all figures (PNG for the page, SVG for the thesis) and the nights' keograms; return their names."""
    KEOGRAMS.mkdir(parents=True, exist_ok=True)  # an output for DVC even where every night is short
    written = set().union(*map_nights(partial(_write_kind, data, numbers, params), KINDS, "kinds of figures"))
    for folder in (FIGURES, thesis.FIGURES, KEOGRAMS):
        remove_others(folder, written)
    return written


def _write_kind(data: inputs.Inputs, numbers: dict[str, Any], params: config.Params, kind: str) -> set[str]:
    """Write the figures of one kind; return their names."""
    dpi, written = params.report.figure_dpi, set()
    figures: Named = {
        "charts": lambda: chart_figures(data, numbers, params),
        "photographs": lambda: photo_figures.figures(data, params),
        "keograms": lambda: keograms(data, numbers["calibration"]["threshold"], params),
    }[kind]()
    with style.applied():
        for name, figure in figures:
            if figure is None:
                continue
            if numbers["simulated"]:
                style.say_simulated(figure)
            if name.isdecimal():
                style.save(figure, KEOGRAMS / f"{name}.png", dpi)
            else:
                style.save(figure, FIGURES / f"{name}.png", dpi)
                style.save(figure, thesis.FIGURES / f"{name}.svg", dpi)
            written.add(name)
    return written


def run(params: config.Params) -> None:
    """Read what the other stages wrote and write all that people read."""
    data = inputs.read(params)
    numbers = metrics.collect(params, data)
    write_json(METRICS, numbers)
    readable = point_estimates.with_point_estimates(numbers, data)
    names = write_figures(data, readable, params)
    with style.applied():
        overview.write(OVERVIEW, data, params)
    page.write(PAGE, data, readable, params)
    cards.write(data, readable, params)
    thesis.write(data, readable, params, names)


main = stage_main(run, keep_warnings=False)


if __name__ == "__main__":
    main()
