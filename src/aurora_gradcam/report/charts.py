"""The charts of the thesis, each a pure function of tables that returns a matplotlib figure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..conditions import DARK_SUN_CLASSES, MOON_CLASSES, SUN_CLASSES
from ..config import Params
from ..corpus.frame_ids import night_of
from ..drawing import style
from ..drawing.style import plain
from ..inference.bootstrap import MIN_NIGHTS

LOG_ABOVE = 20
"""A loss that spans more than this factor is drawn on a logarithmic axis."""
PHASE_NAMES = {"frozen": "backbone frozen", "finetune": "all layers"}


def moon_phase_distribution(sky: pd.DataFrame, params: Params) -> Figure:
    """Frames by sun and moon class, and by the moon's folded phase angle in degrees (180 = full)."""
    figure = style.blank(3.1)
    bars, angles = figure.subplots(1, 2, width_ratios=(1.5, 1))
    known = sky.dropna(subset=["sun_class", "moon_class"])
    present = [name for name in SUN_CLASSES if name in DARK_SUN_CLASSES or (known["sun_class"] == name).any()]
    counts = known.groupby(["moon_class", "sun_class"]).size()
    for position, moon in enumerate(MOON_CLASSES):
        heights = [int(counts.get((moon, sun), 0)) for sun in present]
        at = np.arange(len(present)) + (position - 1) * 0.27
        drawn = bars.bar(at, heights, 0.27, color=style.MOON_COLOURS[moon], edgecolor=style.INK, lw=0.4)
        drawn.set_label(plain(moon))
        labels = [f"{height:,}" for height in heights]
        bars.bar_label(drawn, labels, size=8, padding=1, rotation=90 if len(present) > 3 else 0)
    bars.set(xlabel="sun class", ylabel="frames", xticks=range(len(present)), xticklabels=present)
    bars.margins(y=0.15)
    figure.legend(title="moon class", loc="outside upper center", ncols=len(MOON_CLASSES))
    edges = np.arange(0, 181, 7.5)
    parts = [known.loc[known["moon_class"] == moon, "moon_phase_angle"] for moon in MOON_CLASSES]
    colours = [style.MOON_COLOURS[moon] for moon in MOON_CLASSES]
    angles.hist(parts, edges, stacked=True, color=colours, edgecolor=style.INK, lw=0.4)
    for limit in (params.illuminate.moon_quarter.phase_angle, params.illuminate.moon_full.phase_angle):
        angles.axvline(limit, color=style.INK, lw=0.8, ls="--")
    angles.set(xlabel="phase angle (degrees)", ylabel="frames", xticks=range(0, 181, 45))
    return figure


def curve(axes: Axes, training: pd.DataFrame, quantity: str, label: str) -> None:
    """One quantity (loss or accuracy) over the epochs for both sets, the change of phase marked."""
    epochs = training["epoch"]
    axes.plot(epochs, training[f"train_{quantity}"], color=style.NO, marker="o", ms=3, ls="--", label="training")
    axes.plot(epochs, training[f"val_{quantity}"], color=style.YES, marker="s", ms=3, label="validation")
    finetuned = epochs[training["phase"] == "finetune"]
    if len(finetuned) and finetuned.iloc[0] > epochs.iloc[0]:
        axes.axvline(finetuned.iloc[0] - 0.5, color=style.INK, lw=0.8, ls=":", label="change of phase")
    losses = training[["train_loss", "val_loss"]]
    if quantity == "loss" and losses.to_numpy().max() > LOG_ABOVE * losses.to_numpy().min() > 0:
        axes.set_yscale("log")  # one wild epoch must not flatten the others
        axes.yaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="epoch", ylabel=label, xticks=epochs[:: max(1, len(epochs) // 12)])
    axes.grid(axis="y")


def acc_loss(training: pd.DataFrame, best_epoch: int) -> Figure:
    """Loss and accuracy over the epochs; dotted: change of phase; star: the epoch whose weights were kept."""
    figure = style.blank(2.6)
    best = training[training["epoch"] == best_epoch].iloc[0]
    names = {"loss": "cross-entropy loss", "accuracy": "accuracy"}
    for axes, (quantity, label) in zip(figure.subplots(1, 2), names.items(), strict=True):
        curve(axes, training, quantity, label)
        axes.plot(best_epoch, best[f"val_{quantity}"], "*", ms=11, color=style.ACCENT, label="weights kept", ls="")
        for phase, rows in training.groupby("phase"):
            first = rows["epoch"].iloc[0] == training["epoch"].iloc[0]  # a short first phase's name runs to the right
            where, side = (training["epoch"].iloc[0], "left") if first else (rows["epoch"].mean(), "center")
            axes.text(where, 1.02, PHASE_NAMES.get(phase, phase), transform=axes.get_xaxis_transform(), ha=side)
        axes.margins(y=0.12)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles))
    return figure


def with_conditions(predictions: pd.DataFrame, sky: pd.DataFrame) -> pd.DataFrame:
    """Predictions of frames in the nine conditions, beside their sun and moon classes."""
    joined = predictions.merge(sky[["frame_id", "sun_class", "moon_class"]], on="frame_id")
    return joined[joined["sun_class"].isin(DARK_SUN_CLASSES)].dropna(subset=["moon_class"])


def _grid(joined: pd.DataFrame, column: str, statistic: object) -> pd.DataFrame:
    grid = joined.pivot_table(index="moon_class", columns="sun_class", values=column, aggfunc=statistic)
    return grid.reindex(index=MOON_CLASSES, columns=DARK_SUN_CLASSES)


def _cell_text(value: float, frames: float, nights: float) -> str:
    if not frames:
        return "no\nframes"
    return f"{value:.2f}\nn={frames:,.0f}\n{nights:.0f} night{'' if nights == 1 else 's'}"


def p_yes_heatmap(joined: pd.DataFrame) -> Figure:
    """Mean and standard deviation of P(yes) in the nine conditions, with their frames (n) and nights.

    `joined` is as `with_conditions` gives it. A condition of fewer than MIN_NIGHTS nights has no colour.
    """
    figure = style.blank(2.8)
    by_night = joined.assign(night=joined["frame_id"].map(night_of))
    frames = _grid(joined, "p_aurora", "size").fillna(0).to_numpy()
    nights = _grid(by_night, "night", "nunique").fillna(0).to_numpy()
    panels = {"mean of P(yes)": ("mean", 1.0), "standard deviation of P(yes)": (np.std, 0.5)}
    for axes, (title, (statistic, top)) in zip(figure.subplots(1, 2, sharey=True), panels.items(), strict=True):
        grid = _grid(joined, "p_aurora", statistic)
        cells = zip(grid.to_numpy().flat, frames.flat, nights.flat, strict=True)
        texts = np.array([_cell_text(*cell) for cell in cells]).reshape(grid.shape)
        sns.heatmap(
            grid.where(nights >= MIN_NIGHTS), vmin=0, vmax=top, cmap=style.SEQUENTIAL, annot=texts, fmt="", ax=axes,
            linewidths=0.5, annot_kws={"size": 8}, cbar_kws={"shrink": 0.8},
            yticklabels=[plain(name) for name in MOON_CLASSES],
        )  # fmt: skip
        for row, column in np.argwhere(nights < MIN_NIGHTS):  # seaborn writes nothing where there is no colour
            look = {"ha": "center", "va": "center", "style": "italic", "color": style.INK, "size": 8}
            axes.text(column + 0.5, row + 0.5, texts[row, column], **look)
        axes.set(title=title, xlabel="sun class", ylabel="moon class")
        axes.tick_params(rotation=0, length=0)
    axes.set_ylabel("")
    return figure


def p_yes_histograms(joined: pd.DataFrame, threshold: float) -> Figure:
    """The distribution of P(yes) in each of the nine conditions; `joined` from `with_conditions`."""
    figure = style.blank(4.9)
    grid = figure.subplots(3, 3, sharex=True, sharey=True)
    edges = np.linspace(0, 1, 21)
    for row, moon in zip(grid, MOON_CLASSES, strict=True):
        for axes, sun in zip(row, DARK_SUN_CLASSES, strict=True):
            here = joined[(joined["sun_class"] == sun) & (joined["moon_class"] == moon)]
            values, nights = here["p_aurora"], here["frame_id"].map(night_of).nunique()
            called = values >= threshold  # a bar that the threshold divides shows both colours
            bottom = np.zeros(len(edges) - 1)
            for part, colour in ((values[~called], style.NO), (values[called], style.YES)):
                shares = np.histogram(part, edges)[0] / max(len(values), 1)
                axes.bar(edges[:-1], shares, 0.05, bottom, align="edge", color=colour)
                bottom += shares
            axes.axvline(threshold, color=style.INK, lw=0.8, ls="--")
            counts = f"n={len(values):,}, {nights} night{'' if nights == 1 else 's'}"
            axes.set_title(f"{sun} x {plain(moon)}\n{counts}", size=8)
            axes.grid(axis="y")
    figure.supxlabel("P(yes)", size=8)
    figure.supylabel("share of the condition's frames", size=8)
    return figure
