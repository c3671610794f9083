"""Reliability diagrams: the observed share of aurora against P(yes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..drawing import style

WHEN = {"before": ("before temperature scaling", style.NO, "s"), "after": ("after temperature scaling", style.YES, "o")}


def interval_text(estimate: Mapping[str, Any] | None) -> str:
    """`0.043 (0.031 to 0.060)`, or why there is no number; a mapping as `bootstrap.Estimate.as_dict` gives, or null."""
    if estimate is None:
        return "not known"
    value, low, high = (np.nan if estimate[key] is None else estimate[key] for key in ("value", "low", "high"))
    if not np.isfinite(value):
        return "too few nights" if estimate.get("too_few_nights") else "undefined"
    return f"{value:.3f}" + (f" ({low:.3f} to {high:.3f})" if np.isfinite([low, high]).all() else "")


def diagram(axes: Axes, bins: pd.DataFrame, colour: str, marker: str, title: str) -> None:
    """Share of aurora over mean P(yes) by bin, with intervals over nights where a bin has enough of them."""
    axes.plot([0, 1], [0, 1], color=style.INK, lw=0.8, ls="--", label="perfect")
    filled = bins[bins["frames"] > 0]
    p_mean, share = filled["p_mean"].to_numpy(), filled["yes_share"].to_numpy()
    reach = filled[["yes_share_low", "yes_share_high"]].sub(filled["yes_share"], axis=0).abs().to_numpy().T
    axes.plot(p_mean, share, color=colour, marker=marker, ms=4, lw=1, label=f"share in a bin, {title}")
    axes.errorbar(p_mean, share, reach, color=colour, ls="", elinewidth=0.9, label="95% interval over nights")
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=np.linspace(0, 1, 6), yticks=np.linspace(0, 1, 6))
    axes.grid()


def reliability(table: pd.DataFrame, ece: Mapping[str, Mapping[str, Any] | None], split: str) -> Figure | None:
    """The diagram of one split before and after temperature scaling, over the histogram of its frames.

    None where the split has no frames.

    Parameters
    ----------
    table
        Split, calibration (before, after), low and high (edges of P(yes)), p_mean, yes_share, yes_share_low and
        yes_share_high (interval, nan with too few nights), frames; as `inference.reliability.diagrams` gives it.
    ece
        Expected calibration error by `before` and `after`, as in metrics.json.
    split
        Val or test.
    """
    rows = table[table["split"] == split]
    if rows.empty or rows["frames"].sum() == 0:
        return None
    figure = style.blank(4.0)
    grid = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(3, 1))
    for (upper, lower), (when, (title, colour, marker)) in zip(grid.T, WHEN.items(), strict=True):
        bins = rows[rows["calibration"] == when]
        diagram(upper, bins, colour, marker, title.removesuffix(" temperature scaling") + " scaling")
        upper.set_title(f"{split}: {title}\nECE {interval_text(ece.get(when))}")
        lower.bar(
            bins["low"], bins["frames"], bins["high"] - bins["low"], align="edge", color=colour, ec="white", lw=0.4
        )
        lower.set(yscale="symlog", xlabel="P(yes)")
        lower.yaxis.set_major_formatter("{x:,.0f}")
    grid[0, 0].set_ylabel("share of frames with aurora")
    grid[1, 0].set_ylabel("frames")
    figure.align_ylabels(grid[:, 0])
    entries = {text: handle for axes in grid[0] for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=2)
    return figure
