"""Figure 1: the nine stages as boxes and arrows, with the counts of this run."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from ..drawing import style

COLUMNS = 3
WIDTH, HEIGHT = 0.86, 0.66
# lighter to darker: preprocessing, training and inference, explanation and report
FILLS = ("#EAF1F8", "#EAF1F8", "#EAF1F8", "#EAF1F8", "#EAF1F8", "#FBF1D2", "#FBF1D2", "#DDF0E9", "#DDF0E9")


def stage_texts(metrics: dict[str, Any], held_out: str, in_conditions: int, maps: int) -> list[tuple[str, str]]:
    """(stage, its result in this run) for the nine stages.

    `held_out`: the split of the accuracy; `in_conditions`: frames in the nine conditions; `maps`: Grad-CAM maps.
    """
    data, times, labels, split = metrics["data"], metrics["times"], metrics["labels"], metrics["split"]
    accuracy = metrics["scores"][held_out]["accuracy"]["value"]
    score = "no accuracy" if accuracy is None else f"accuracy {accuracy:.3f}"
    sets = " / ".join(f"{counts['frames']:,}" for counts in (split["train"], split["val"], split["test"]))
    return [
        ("extract", f"{data['nights']:,} nights\n{data['frames']:,} frames, {data['frames_bad']:,} bad"),
        ("ocr_utc", f"{times['read']:,} times read\n{times['repaired']:,} repaired, {times['failed']:,} failed"),
        ("illuminate", f"{in_conditions:,} frames in the\nnine sky conditions"),
        ("sample_label", f"{labels['labelled']:,} labelled frames\n{labels['yes']:,} yes, {labels['no']:,} no"),
        ("split", f"train / val / test\n{sets} frames"),
        ("train", f"EfficientNet-B1\nbest epoch {metrics['train']['best_epoch']} of {metrics['train']['epochs']}"),
        ("evaluate", f"{metrics['all_frames']['frames']:,} frames scored\n{held_out} {score}"),
        ("gradcam", f"{maps:,} maps for the\nclasses yes and no"),
        ("report", "figures, metrics.json\nand thesis.pdf"),
    ]


def full_workflow(metrics: dict[str, Any], held_out: str, in_conditions: int, maps: int) -> Figure:
    """The workflow, read row by row; the arguments are those of `stage_texts`."""
    figure = style.blank(3.1)
    axes = figure.subplots()
    style.bare(axes)
    axes.set(xlim=(-0.48, COLUMNS - 0.52), ylim=(-2.45, 0.45))
    texts = stage_texts(metrics, held_out, in_conditions, maps)
    places = [(float(number % COLUMNS), -float(number // COLUMNS)) for number in range(len(texts))]
    for (x, y), (name, text), fill in zip(places, texts, FILLS, strict=True):
        corner = (x - WIDTH / 2 + 0.03, y - HEIGHT / 2 + 0.03)
        axes.add_patch(
            FancyBboxPatch(
                corner, WIDTH - 0.06, HEIGHT - 0.06, boxstyle="round,pad=0.03", fc=fill, ec=style.INK, lw=0.8
            )
        )
        axes.text(x, y + 0.2, name, ha="center", va="center", weight="bold", size=9)
        axes.text(x, y - 0.08, text, ha="center", va="center", linespacing=1.3)
    for (x, y), (next_x, next_y) in pairwise(places):
        same_row = y == next_y
        points = [(x + WIDTH / 2, y), (next_x - WIDTH / 2, next_y)]
        if not same_row:  # from the row's end down into the gap, back to the left, down into the next row
            gap = (y + next_y) / 2
            axes.plot([x, x, next_x], [y - HEIGHT / 2, gap, gap], color=style.INK, lw=1)
            points = [(next_x, gap), (next_x, next_y + HEIGHT / 2)]
        arrow = FancyArrowPatch(*points, arrowstyle="-|>", mutation_scale=9, lw=1, color=style.INK)
        arrow.shrinkA = arrow.shrinkB = 0
        axes.add_patch(arrow)
    return figure
