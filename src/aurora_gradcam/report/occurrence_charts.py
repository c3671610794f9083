"""Occurrence of aurora by condition, month and hour: three estimates with their confidence intervals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..drawing import style
from ..drawing.season import night_order
from ..drawing.style import plain

METHODS = {
    "apparent": ("apparent", style.INK, "o"),
    "rogan_gladen": ("Rogan-Gladen", style.ACCENT, "s"),
    "prediction_powered": ("prediction-powered", style.YES, "^"),
}
"""Name in the legend, colour and marker; the three differ in grey as well."""
AXES = {
    "month": "month",
    "utc_hour": "hour of the day (UTC)",
    "magnetic_local_time": "magnetic local time (hours)",
    "kp": "Kp of the three hours that hold the frame, rounded",
    "condition": "illumination condition",
}
TRUTH = ("truth of the simulation", "#0072B2")
"""Name in the legend and colour of the line that marks the true share, where there is one."""
HOURLY = ("utc_hour", "magnetic_local_time")
TOO_FEW, UNDEFINED = "too few nights", "undefined"
MISSING = {TOO_FEW: "x", UNDEFINED: "+"}
"""Marker below zero of a method that has no value where another one has."""
DODGE = 0.26
BELOW_ZERO = -0.08


def with_hours(rows: pd.DataFrame, grouping: str) -> pd.DataFrame:
    """The rows with hours as whole numbers: a CSV file with all groupings in one column holds them as text."""
    return rows.assign(group=rows["group"].astype(float).astype(int)) if grouping in HOURLY else rows


def axis_order(groups: Iterable[Any], grouping: str) -> list[Any]:
    """The groups as they stand on the axis.

    Hours run through the night: the axis starts after the longest run of hours that have no frames, also over
    midnight, and hours inside the night that have none keep their empty place. Others keep their order.
    """
    present = list(dict.fromkeys(groups))
    return night_order(present, 24) if grouping in HOURLY else present


def tick_labels(groups: list[Any], grouping: str) -> list[str]:
    """What is written beside the groups."""
    if grouping in HOURLY:
        return [f"{group:02d}" for group in groups]
    if grouping == "month" and len(groups) > 8:
        return [str(group).replace("-", "\n") for group in groups]
    return [plain(str(group)) for group in groups]


def draw_estimates(axes: Axes, rows: pd.DataFrame, places: dict[Any, int], upright: bool) -> None:
    """Every method's values with intervals beside the group's place; a mark below zero where a method has none."""
    for step, (method, (_, colour, marker)) in enumerate(METHODS.items()):
        part = rows[rows["method"] == method]
        place = part["group"].map(places).to_numpy(dtype=float) + (step - 1) * DODGE
        value, reach = part["value"].to_numpy(), part[["low", "high"]].sub(part["value"], axis=0).abs().to_numpy().T
        known = np.isfinite(value)
        look: dict[str, Any] = {"color": colour, "ls": "", "ms": 4.2 if len(places) < 16 else 3.2}
        both = (place[known], value[known]) if upright else (value[known], place[known])
        bars: dict[str, Any] = {"yerr" if upright else "xerr": reach[:, known]}
        axes.errorbar(*both, **bars, marker=marker, elinewidth=1, **look)
        alone = known & ~np.isfinite(part["low"].to_numpy())
        if alone.any():
            both = (place[alone], value[alone]) if upright else (value[alone], place[alone])
            axes.plot(*both, marker=marker, mfc="white", mew=1, zorder=3, **look)  # above the filled one
        for reason, mark in MISSING.items():
            left = ~known & (part["too_few_nights"].to_numpy(dtype=bool) == (reason == TOO_FEW))
            left &= part["group"].isin(rows.loc[rows["value"].notna(), "group"]).to_numpy()
            beside = np.full(left.sum(), BELOW_ZERO / 2)
            at = (place[left], beside) if upright else (beside, place[left])
            axes.plot(*at, mark, color=colour, ms=4.5, mew=1.1)


def draw_truth(axes: Axes, rows: pd.DataFrame, places: dict[Any, int], upright: bool) -> None:
    """A line across each group at its true share; nothing without the column truth."""
    if "truth" not in rows:
        return
    true = rows.dropna(subset="truth").drop_duplicates("group")
    place = true["group"].map(places).to_numpy(dtype=float)
    draw = axes.hlines if upright else axes.vlines
    draw(true["truth"], place - 1.7 * DODGE, place + 1.7 * DODGE, color=TRUTH[1], lw=2.2, zorder=1.5)


def note_empty_groups(axes: Axes, rows: pd.DataFrame, places: dict[Any, int], upright: bool) -> None:
    """In the place of a group without any value, why there is none."""
    for group, place in places.items():
        part = rows[rows["group"] == group]
        if part["value"].notna().any():
            continue
        frames = len(part) and part["frames"].max() > 0
        reason = "no frames" if not frames else TOO_FEW if part["too_few_nights"].any() else UNDEFINED
        look: dict[str, Any] = {"color": "#666666", "style": "italic"}
        if upright:
            axes.text(place, 0.03, reason, rotation=90, ha="center", va="bottom", **look)
        else:
            axes.text(0.02, place, reason, ha="left", va="center", **look)


def nights_of(rows: pd.DataFrame, group: Any) -> int:
    """Nights that have frames in the group; 0 where the group is not there."""
    return int(rows.loc[rows["group"] == group, "nights"].max()) if (rows["group"] == group).any() else 0


def upright_panel(axes: Axes, rows: pd.DataFrame, grouping: str) -> None:
    """Groups from left to right, the share upwards, nights written above."""
    rows = with_hours(rows, grouping)
    groups = axis_order(rows["group"], grouping)
    places = {group: place for place, group in enumerate(groups)}
    draw_truth(axes, rows, places, upright=True)
    draw_estimates(axes, rows, places, upright=True)
    note_empty_groups(axes, rows, places, upright=True)
    for group, place in places.items():
        count = nights_of(rows, group)
        axes.text(place, 1.05, f"{count}", ha="center", va="bottom", transform=axes.get_xaxis_transform())
    axes.text(-0.01, 1.05, "nights", ha="right", va="bottom", transform=axes.transAxes)
    axes.set(
        xticks=range(len(groups)), xlim=(-0.6, len(groups) - 0.4), ylim=(BELOW_ZERO, 1.03), yticks=np.linspace(0, 1, 5)
    )
    axes.set_xticklabels(tick_labels(groups, grouping))
    axes.set(xlabel=AXES[grouping], ylabel="share of frames\nwith aurora")
    axes.grid(axis="y")


def legend(figure: Figure, axes: Axes, rows: pd.DataFrame) -> None:
    """The methods, and the marks of missing values where there are any."""
    for label, colour, marker in METHODS.values():
        axes.plot([], [], marker, ls="", ms=4.2, color=colour, label=label)
    if "truth" in rows and rows["truth"].notna().any():
        axes.plot([], [], color=TRUTH[1], lw=2.2, label=TRUTH[0])
    partly = rows.groupby(["grouping", "group"], observed=True)["value"].transform("count") > 0
    missing = rows[partly & rows["value"].isna()]
    for reason, mark in MISSING.items():
        if (missing["too_few_nights"].astype(bool) == (reason == TOO_FEW)).any():
            axes.plot([], [], mark, ls="", color=style.INK, ms=4.5, mew=1.1, label=f"{reason} for this estimate")
    if (rows["value"].notna() & rows["low"].isna()).any():
        axes.plot(
            [], [], "o", ls="", ms=4.2, mfc="white", color=style.INK, label="hollow: too few nights for an interval"
        )
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)


def by_time(table: pd.DataFrame) -> Figure | None:
    """By month, hour of universal time and magnetic local time, one panel below the other; None without frames.

    Parameters
    ----------
    table
        Grouping, group, method, value, low, high (shares of frames, nan where there is none), frames, nights and
        too_few_nights, as `inference.groupings.occurrence_table` gives it.
    """
    groupings = [name for name in ("month", *HOURLY) if (table["grouping"] == name).any()]
    if not groupings:
        return None
    figure = style.blank(0.5 + 2.1 * len(groupings))
    panels = figure.subplots(len(groupings), 1, squeeze=False)[:, 0]
    for axes, grouping in zip(panels, groupings, strict=True):
        upright_panel(axes, table[table["grouping"] == grouping], grouping)
    legend(figure, panels[0], table[table["grouping"].isin(groupings)])
    return figure


def by_kp(table: pd.DataFrame | None) -> Figure | None:
    """By rounded Kp, with the nights above and the frames below; arguments as in `by_time`.

    None without any estimate, as where too few nights are left that the classifier has not learnt from.
    """
    if table is None or not table.loc[table["grouping"] == "kp", "value"].notna().any():
        return None
    rows = table[table["grouping"] == "kp"]
    figure = style.blank(2.8)
    axes = figure.subplots()
    upright_panel(axes, rows, "kp")
    groups = axis_order(rows["group"], "kp")
    frames = [int(rows.loc[rows["group"] == group, "frames"].max()) for group in groups]
    axes.set_xticklabels([f"{group}\n{count:,}" for group, count in zip(groups, frames, strict=True)])
    axes.set_xlabel(f"{AXES['kp']}; below it, the number of frames")
    legend(figure, axes, rows)
    return figure


def by_condition(table: pd.DataFrame) -> Figure | None:
    """In the nine conditions, one below the other, with their nights and frames; arguments and None as in `by_time`."""
    rows = table[table["grouping"] == "condition"]
    if rows.empty:
        return None
    places = {group: place for place, group in enumerate(axis_order(rows["group"], "condition"))}
    figure = style.blank(0.9 + 0.42 * len(places))
    axes = figure.subplots()
    draw_truth(axes, rows, places, upright=False)
    draw_estimates(axes, rows, places, upright=False)
    note_empty_groups(axes, rows, places, upright=False)
    frames = {group: int(rows.loc[rows["group"] == group, "frames"].max()) for group in places}
    written = [f"{plain(str(group))}\n{nights_of(rows, group)} nights, {frames[group]:,} frames" for group in places]
    axes.set(
        yticks=range(len(places)), ylim=(len(places) - 0.4, -0.6), xlim=(BELOW_ZERO, 1.02), xticks=np.linspace(0, 1, 6)
    )
    axes.set_yticklabels(written)
    axes.set(xlabel="share of frames with aurora", ylabel=AXES["condition"])
    axes.grid(axis="x")
    legend(figure, axes, rows)
    return figure
