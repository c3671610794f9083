"""Stage report: metrics.json, the figures, and the thesis with both."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from .. import config
from ..conditions import DARK_SUN_CLASSES
from ..drawing import night_plot as nights
from ..drawing import style
from ..files import atomic_write
from ..progress import track
from ..stage import stage_main
from ..tables.frames import is_simulated
from . import (
    figures,
    inputs,
    occurrence_plots,
    overview,
    page,
    photos,
    reliability_plots,
    summary,
    thesis,
    workflow,
)  # fmt: skip

METRICS = Path("reports/metrics.json")
FIGURES = Path("reports/figures")
KEOGRAMS = Path("reports/keograms")
OVERVIEW = Path("reports/overview.png")
PAGE = Path("reports/index.html")


def write_json(path: Path, tree: dict[str, Any]) -> None:
    """Write a JSON file, whole, in the order of its keys."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(tree, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def charts(data: inputs.Inputs, metrics: dict[str, Any], params: config.Params) -> Iterator[tuple[str, Figure]]:
    """(name, figure) of all figures that hold no photographs."""
    joined = figures.with_conditions(data.predictions, data.sky)
    in_conditions = int((data.sky["sun_class"].isin(DARK_SUN_CLASSES) & data.sky["moon_class"].notna()).sum())
    maps = len(data.cams.drop_duplicates(["frame_id", "target", "method", "layer"]))
    yield "full_workflow", workflow.full_workflow(metrics, in_conditions, maps)
    yield "moon_phase_distribution", figures.moon_phase_distribution(data.sky, params)
    yield "acc_loss", figures.acc_loss(data.training, metrics["train"]["best_epoch"])
    yield "p_yes_heatmap", figures.p_yes_heatmap(joined)
    yield "p_yes_histograms", figures.p_yes_histograms(joined, metrics["calibration"]["threshold"])
    held_out = "test" if metrics["split"]["test"]["frames"] else "val"
    errors = {when: metrics["calibration"][f"{held_out}_ece_{when}"] for when in ("before", "after")}
    yield "reliability", reliability_plots.reliability(data.reliability, errors, held_out)
    yield "occurrence_by_condition", occurrence_plots.by_condition(data.occurrence)
    yield "occurrence_by_time", occurrence_plots.by_time(data.occurrence)


def keograms(data: inputs.Inputs, threshold: float, params: config.Params) -> Iterator[tuple[str, Figure]]:
    """(night, figure) of every night with a known time, then ("", figure) of held-out nights on one page."""
    held_out = "test" if (data.split["split"] == "test").any() else "val"
    unmet = set(data.split.loc[data.split["split"] == held_out, "night"])
    shown = []
    for name, frames in nights.by_night(data.predictions, data.sky, data.labels).items():
        night = nights.read_night(frames)
        if name in unmet and len(shown) < nights.PER_PAGE:
            shown.append(night)
        yield name, nights.night_keogram(night, threshold, params.extract.interval_s)
    pages = list(nights.all_nights(shown, threshold, params.extract.interval_s))
    yield "", pages[0] if pages else style.without_material("no held-out night has a known time")


def write(name: str, figure: Figure, note: Callable[[Figure], None], params: config.Params) -> None:
    """Save a figure as PNG for the reports and as SVG for the thesis."""
    note(figure)
    style.save(figure, FIGURES / f"{name}.png", params.report.figure_dpi)
    style.save(figure, thesis.FIGURES / f"{name}.svg", params.report.figure_dpi)


def run(params: config.Params) -> None:
    """Read what the other stages wrote and write all that people read."""
    data = inputs.read(params)
    metrics = summary.collect(
        params, data.frames, data.times, data.labelled, data.split, data.training,
        data.evaluation, data.explanations, data.leakage, data.to_label,
    )  # fmt: skip
    write_json(METRICS, metrics)
    note = style.say_simulated if is_simulated(data.frames) else lambda figure: None
    with style.applied():
        for name, figure in track([*charts(data, metrics, params), *photos.all_of(data, params)], "figures"):
            write(name, figure, note, params)
        for night, figure in track(keograms(data, metrics["calibration"]["threshold"], params), "keograms"):
            if night:
                note(figure)
                style.save(figure, KEOGRAMS / f"{night}.png", params.report.figure_dpi)
            else:
                write("keograms", figure, note, params)
        overview.write(OVERVIEW, data, params)
    page.write(PAGE, data, metrics, params)
    for name, table in thesis.tables(data.frames, data.sky, metrics).items():
        thesis.write_table(name, table)
    # the parameters with the defaults of keys that params.yaml leaves out
    write_json(thesis.TABLES / "params.json", params.model_dump(mode="json"))
    thesis.compile_pdf()


main = stage_main(run, keep_warnings=False)


if __name__ == "__main__":
    main()
