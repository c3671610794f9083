"""Plots of occurrence and reliability draw the numbers of their tables, and say where there are none."""

from __future__ import annotations

import io
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from aurora_gradcam.conditions import CONDITIONS, condition_name
from aurora_gradcam.drawing import style
from aurora_gradcam.report import occurrence_charts, reliability_chart

COLOURS = {method: colour for method, (_, colour, _) in occurrence_charts.METHODS.items()}


def estimate(grouping, group, method, value, nights=20, too_few=False, frames=1000):
    return {
        "grouping": grouping, "group": group, "method": method, "value": value, "low": value - 0.1,
        "high": value + 0.2, "frames": frames, "nights": nights, "labelled": 30, "labelled_nights": 9,
        "too_few_nights": too_few,
    }  # fmt: skip


def group_of(grouping, group, values, **others):
    return [estimate(grouping, group, method, value, **others) for method, value in zip(COLOURS, values, strict=True)]


def table_of(*groups) -> pd.DataFrame:
    return pd.DataFrame([row for group in groups for row in group])


HOURS = table_of(
    group_of("utc_hour", 5, (0.5, 0.4, 0.45)),
    group_of("utc_hour", 23, (0.3, 0.2, 0.25), nights=7),
    group_of("utc_hour", 0, (np.nan,) * 3, nights=3, too_few=True),
    group_of("utc_hour", 2, (0.6, np.nan, 0.7)),
)
NAN = np.nan


def drawn(axes) -> dict[str, dict[int, tuple[float, float, float]]]:
    """Method -> place on the axis -> value, low and high, from the lines of the error bars."""
    found: dict = {method: {} for method in COLOURS}
    for bars in axes.containers:
        line, _, (reach,) = bars.lines
        method = next(name for name, colour in COLOURS.items() if colour == line.get_color())
        for x, y, ((_, low), (_, high)) in zip(*line.get_data(), reach.get_segments(), strict=True):
            found[method][round(x)] = tuple(round(number, 6) for number in (y, low, high))
    return found


def test_a_value_without_an_interval_is_hollow():
    table = table_of(
        group_of("condition", "Night x No_Moon", (0.5, 0.4, 0.3)),
        group_of("condition", "Night x Moon_Full", (0.2, NAN, NAN), nights=3, too_few=True),
    )
    assert "hollow" not in str(occurrence_charts.by_condition(table).legends[0].get_texts())
    table.loc[table["group"] == "Night x Moon_Full", ["low", "high"]] = NAN
    figure = occurrence_charts.by_condition(table)
    hollow = [line for line in figure.axes[0].lines if line.get_markerfacecolor() == "white" and len(line.get_xdata())]
    assert [list(line.get_xdata()) for line in hollow] == [[0.2]]
    assert any("hollow" in text.get_text() for text in figure.legends[0].get_texts())


def test_values_and_intervals_stand_at_their_hours_which_run_over_midnight():
    axes = occurrence_charts.by_time(HOURS).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["23", "00", "01", "02", "03", "04", "05"]
    assert drawn(axes) == {
        "apparent": {0: (0.3, 0.2, 0.5), 3: (0.6, 0.5, 0.8), 6: (0.5, 0.4, 0.7)},
        "rogan_gladen": {0: (0.2, 0.1, 0.4), 6: (0.4, 0.3, 0.6)},
        "prediction_powered": {0: (0.25, 0.15, 0.45), 3: (0.7, 0.6, 0.9), 6: (0.45, 0.35, 0.65)},
    }


def test_nights_are_written_and_empty_groups_say_why():
    axes = occurrence_charts.by_time(HOURS).axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert texts[-8:] == ["7", "3", "0", "20", "0", "0", "20", "nights"]
    reasons = {round(text.get_position()[0]): text.get_text() for text in axes.texts[:-8]}
    assert reasons == {1: "too few nights", 2: "no frames", 4: "no frames", 5: "no frames"}


def test_one_estimate_without_a_value_is_marked_below_zero_with_its_reason():
    few = [*group_of("month", "2024-02", (0.5, 0.4, NAN)), *group_of("month", "2024-03", (0.5, NAN, 0.4))]
    table = pd.DataFrame(few)
    table["too_few_nights"] = table["value"].isna() & (table["group"] == "2024-02")
    figure = occurrence_charts.by_time(table)
    marks = [
        (line.get_marker(), line.get_color(), round(x), y < 0)
        for line in figure.axes[0].lines
        if line.get_marker() in "x+"
        for x, y in zip(*line.get_data(), strict=True)
    ]
    assert marks == [("+", COLOURS["rogan_gladen"], 1, True), ("x", COLOURS["prediction_powered"], 0, True)]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[3:] == ["too few nights for this estimate", "undefined for this estimate"]
    whole = occurrence_charts.by_time(table_of(group_of("month", "2024-02", (0.5, 0.4, 0.3))))
    assert len(whole.legends[0].get_texts()) == 3


def test_a_table_read_from_csv_is_drawn_alike():
    mixed = pd.concat([HOURS, table_of(group_of("month", "2024-02", (0.5, 0.4, 0.45)))])
    read = pd.read_csv(io.StringIO(mixed.to_csv(index=False)))
    assert read["group"].map(type).eq(str).all()
    month, hours = occurrence_charts.by_time(read).axes
    assert drawn(hours) == drawn(occurrence_charts.by_time(HOURS).axes[0])
    assert drawn(month)["apparent"] == {0: (0.5, 0.4, 0.7)}


@pytest.mark.parametrize(
    ("hours", "expected"),
    [([7], [7]), ([1, 0, 23], [23, 0, 1]), ([3, 5], [3, 4, 5]), (range(24), list(range(24))), ([], [])],
)
def test_hours_start_after_the_longest_run_without_frames(hours, expected):
    assert sorted(occurrence_charts.axis_order(hours, "utc_hour")) == sorted(expected)
    if len(expected) < 24:
        assert occurrence_charts.axis_order(hours, "utc_hour") == expected


def test_conditions_stand_below_each_other_with_their_nights_and_frames():
    names = [condition_name(*classes) for classes in CONDITIONS]
    rows = [group_of("condition", name, (0.5 - k / 20,) * 3, frames=1000 + k) for k, name in enumerate(names[:8])]
    nothing = group_of("condition", names[8], (NAN,) * 3, nights=0, frames=0, too_few=True)
    axes = occurrence_charts.by_condition(table_of(*rows, nothing)).axes[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels[0] == "Night x No Moon\n20 nights, 1,000 frames"
    assert labels[8] == "Nautical x Moon Full\n0 nights, 0 frames"
    line, _, (reach,) = axes.containers[0].lines
    np.testing.assert_allclose(line.get_xdata(), 0.5 - np.arange(8) / 20)
    np.testing.assert_array_equal(np.round(line.get_ydata()), np.arange(8))
    np.testing.assert_allclose(reach.get_segments()[0][:, 0], [0.4, 0.7])
    assert [text.get_text() for text in axes.texts] == ["no frames"]
    assert axes.yaxis_inverted()  # the first condition on top


def test_no_groups_say_so():
    for draw in (occurrence_charts.by_time, occurrence_charts.by_condition):
        assert draw(HOURS.iloc[:0]) is None


def bins(split: str, calibration: str, shares: list[float]) -> pd.DataFrame:
    edges = np.linspace(0, 1, 6)
    shares = np.array(shares)
    middles = np.where(np.isnan(shares), NAN, edges[:-1] + 0.12)
    frames = np.where(np.isnan(shares), 0, [500, 100, 50, 30, 200])
    return pd.DataFrame(
        {"split": split, "calibration": calibration, "bin": range(5), "low": edges[:-1], "high": edges[1:],
         "p_mean": middles, "yes_share": shares, "yes_share_low": shares - 0.05, "yes_share_high": shares + 0.1,
         "frames": frames, "nights": 9}
    )  # fmt: skip


RELIABILITY = pd.concat(
    [bins("test", "before", [0.3, 0.4, NAN, 0.5, 0.6]), bins("test", "after", [0.1, 0.3, NAN, 0.7, 0.9]),
     bins("val", "before", [0.0, 0.0, 0.0, 0.0, 0.0]), bins("val", "after", [NAN] * 5)]
)  # fmt: skip
ECE = {"before": {"value": 0.1234, "low": 0.09, "high": 0.2}, "after": {"value": None, "low": None, "high": None}}


def test_diagrams_show_the_bins_of_their_split_before_and_after():
    figure = reliability_chart.reliability(RELIABILITY, ECE, "test")
    before, after = figure.axes[:2]
    for axes, shares in ((before, [0.3, 0.4, 0.5, 0.6]), (after, [0.1, 0.3, 0.7, 0.9])):
        perfect, curve = axes.lines[:2]
        np.testing.assert_array_equal(perfect.get_xdata(), perfect.get_ydata())
        np.testing.assert_allclose(curve.get_ydata(), shares)
        np.testing.assert_allclose(curve.get_xdata(), [0.12, 0.32, 0.72, 0.92])
        _, _, (reach,) = axes.containers[0].lines
        limits = [[low[1], high[1]] for low, high in reach.get_segments()]
        np.testing.assert_allclose(limits, [[share - 0.05, share + 0.1] for share in shares])
    for axes in figure.axes[2:]:
        assert [bar.get_height() for bar in axes.patches] == [500, 100, 0, 30, 200]
    titles = [axes.get_title(loc="left") or axes.get_title() for axes in (before, after)]
    assert [title.split("\n")[1] for title in titles] == ["ECE 0.123 (0.090 to 0.200)", "ECE undefined"]


def test_nothing_written_covers_a_curve_or_anything_else():
    with style.applied():
        figure = reliability_chart.reliability(RELIABILITY, ECE, "test")
        style.say_simulated(figure)
        style.settle(figure)
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == [
            "perfect", "share in a bin, before scaling", "95% interval over nights", "share in a bin, after scaling"
        ]  # fmt: skip
        boxes = [legend.get_window_extent(), *(note.get_window_extent() for note in figure.texts)]
        boxes += [axes.get_tightbbox() for axes in figure.axes]
        for one, other in combinations(boxes, 2):
            assert not one.overlaps(other)
        assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_a_split_without_frames_has_no_diagram():
    assert reliability_chart.reliability(RELIABILITY, ECE, "train") is None


def test_an_estimate_is_written_with_its_interval_or_the_reason_of_its_absence():
    nothing = {"value": None, "low": None, "high": None}
    assert reliability_chart.interval_text({"value": 0.0431, "low": 0.03, "high": 0.06}) == "0.043 (0.030 to 0.060)"
    assert reliability_chart.interval_text({"value": 0.0431, "low": NAN, "high": NAN}) == "0.043"
    assert reliability_chart.interval_text({**nothing, "too_few_nights": True}) == "too few nights"
    assert reliability_chart.interval_text(nothing) == "undefined"
    assert reliability_chart.interval_text(None) == "not known"


def test_methods_differ_by_marker_and_in_grey_and_text_is_readable():
    assert len({marker for _, _, marker in occurrence_charts.METHODS.values()}) == 3
    shades = sorted(np.dot(mpl.colors.to_rgb(colour), (0.2126, 0.7152, 0.0722)) for colour in COLOURS.values())
    assert np.diff(shades).min() > 0.02
    conditions = HOURS.assign(grouping="condition")
    with style.applied():
        for figure in (
            occurrence_charts.by_time(HOURS),
            occurrence_charts.by_condition(conditions),
            reliability_chart.reliability(RELIABILITY, ECE, "test"),
        ):
            assert min(text.get_fontsize() for text in figure.findobj(mpl.text.Text) if text.get_text()) >= 8
            assert figure.get_figwidth() == style.PAGE_WIDTH


def test_by_kp_draws_every_estimate_with_nights_and_frames():
    table = table_of(
        group_of("kp", "0", (0.1, 0.1, 0.12), nights=31, frames=4321),
        group_of("kp", "2", (0.4, 0.3, 0.35)),
        group_of("kp", "7", (NAN,) * 3, nights=2, too_few=True, frames=80),
        group_of("kp_magnetic_hour", "2 x 21-24", (0.5, 0.5, 0.5)),
    )
    figure = occurrence_charts.by_kp(table)
    [axes] = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0\n4,321", "2\n1,000", "7\n80"]
    assert drawn(axes)["rogan_gladen"] == {0: (0.1, 0.0, 0.3), 1: (0.3, 0.2, 0.5)}
    texts = {text.get_text() for text in axes.texts}
    assert {"31", "20", "2", "nights", "too few nights"} <= texts
    assert "Kp" in axes.get_xlabel() and "share of frames" in axes.get_ylabel()


def test_by_kp_is_none_without_any_estimate():
    assert occurrence_charts.by_kp(None) is None
    assert occurrence_charts.by_kp(table_of(group_of("kp", "1", (NAN,) * 3, nights=3, too_few=True))) is None
    assert occurrence_charts.by_kp(HOURS) is None
