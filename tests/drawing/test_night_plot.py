"""The picture of a night says what its table says: gaps, classes, calls and labels stand at their times."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num, num2date

import tiny
from aurora_gradcam.drawing import night_plot as nights
from aurora_gradcam.drawing import style
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.sky import SKY_TABLE

START = pd.Timestamp("2024-02-01 23:40", tz="UTC")


def night(minutes: list[int], name: str = "20240201") -> nights.Night:
    """A frame at each minute: Nautical for the first 10 minutes, the Moon full from minute 20."""
    at = np.array(minutes)
    p_aurora = (at % 10) / 10
    frames = pd.DataFrame(
        {
            "night": name,
            "utc": START + pd.to_timedelta(at, unit="min"),
            "p_aurora": p_aurora,
            "is_aurora": p_aurora >= 0.6,
            "label": pd.Series(np.select([at % 10 == 1, at % 10 == 2], ["no", "yes"], ""), dtype="string").replace(
                "", pd.NA
            ),
            "sun_class": np.where(at < 10, "Nautical", "Night"),
            "moon_class": np.where(at < 20, "No_Moon", "Moon_Full"),
            "moon_altitude": np.linspace(-5, 20, len(at)),
            "moon_illumination": 0.96,
        }
    )
    lines = np.repeat(at.astype(np.uint8)[None, :, None], 3, axis=2).repeat(20, axis=0)
    return nights.Night(frames, lines)


FORTY = [*range(20), *range(30, 40)]


def spans(axes, colour: str) -> list[tuple[float, float]]:
    """First and last minute since START of each bar of a colour."""
    start = date2num(START)
    found = []
    for patch in axes.patches:
        if isinstance(patch, mpl.patches.Rectangle) and mpl.colors.to_hex(patch.get_facecolor()) == colour.lower():
            ends = (patch.get_x() - start, patch.get_x() + patch.get_width() - start)
            found.append(tuple(round(end * 24 * 60, 3) for end in ends))
    return sorted(found)


def test_gaps_and_classes_stand_at_their_times():
    figure = nights.night_keogram(night(FORTY), 0.6, 60)
    _, _, sun, moon = figure.axes
    assert spans(sun, nights.SUN_COLOURS["Nautical"]) == [(-0.5, 9.5)]
    assert spans(sun, nights.SUN_COLOURS["Night"]) == [(9.5, 19.5), (29.5, 39.5)]
    assert spans(moon, style.MOON_COLOURS["No_Moon"]) == [(-0.5, 19.5)]
    assert spans(moon, style.MOON_COLOURS["Moon_Full"]) == [(29.5, 39.5)]
    for axes in figure.axes:
        hatched = [patch for patch in axes.patches if patch.get_hatch()]
        assert spans(axes, "#ffffff") == [(19.5, 29.5)] and len(hatched) == 1
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "no frame" in legend and "Moon Full" in legend and "Moon Quarter" not in legend
    assert figure.axes[0].get_title() == f"2024-02-01: 30 frames, {12 / 30:.0%} yes"


def test_the_keogram_shows_each_frame_in_its_column():
    image = nights.night_keogram(night(FORTY), 0.6, 60).axes[0].images[0].get_array()
    assert image.shape == (20, 40, 3)
    assert np.array_equal(image[:, FORTY], style.brightened(night(FORTY).lines))


def test_p_is_drawn_at_its_time_filled_where_called_and_absent_in_gaps():
    filled, line = nights.night_keogram(night(FORTY), 0.6, 60).axes[1].patches[:2]
    p_yes = line.get_data().values
    expected = np.full(40, np.nan)
    expected[FORTY] = [minute % 10 / 10 for minute in FORTY]
    np.testing.assert_allclose(p_yes, expected)
    np.testing.assert_allclose(filled.get_data().values, np.where(expected >= 0.6, expected, np.nan))


def test_labels_are_ticks_at_their_times_yes_above_no_below():
    lines = nights.night_keogram(night(FORTY), 0.6, 60).axes[1].lines
    marks = {line.get_marker(): line for line in lines if line.get_marker() in "^v"}
    minutes = {
        marker: [round((when - date2num(START)) * 24 * 60, 2) for when in line.get_xdata()]
        for marker, line in marks.items()
    }
    assert minutes == {"^": [2, 12, 32], "v": [1, 11, 31]}
    assert min(marks["^"].get_ydata()) > 1 and max(marks["v"].get_ydata()) < 0


def test_nothing_labelled_and_no_gap_need_no_entry_in_the_legend():
    plain = night(list(range(10)))
    unlabelled = nights.Night(plain.frames.assign(label=pd.NA), plain.lines)
    legend = [text.get_text() for text in nights.night_keogram(unlabelled, 0.6, 60).legends[0].get_texts()]
    assert legend == ["threshold", "called yes", "Sun: Nautical", "No Moon"]


@pytest.mark.parametrize("minutes", [1, 40, 14 * 60])
def test_the_axis_of_time_is_utc_in_hours_and_minutes_for_short_and_long_nights(minutes):
    with style.applied():
        figure = nights.night_keogram(night(list(range(minutes))), 0.6, 60)
        figure.draw_without_rendering()
        moon = figure.axes[3]
        ticks = [text.get_text() for text in moon.get_xticklabels() if text.get_text()]
        low, high = moon.get_xlim()
        inside = [where for where in moon.get_xticks() if low <= where <= high]
        assert {f"{num2date(where):%H:%M}" for where in inside} <= set(ticks)
        assert minutes == 1 or 3 <= len(inside) <= 11
        assert (high - low) * 24 * 60 == pytest.approx(minutes)
        boxes = [text.get_window_extent() for text in moon.get_xticklabels() if text.get_text()]
        assert not any(one.overlaps(two) for one, two in pairwise(boxes))


def test_a_text_in_a_bar_is_the_longest_that_has_room():
    whole = nights.night_keogram(night(list(range(20, 60))), 0.6, 60).axes[3].texts[0].get_text()
    assert whole == "Moon Full: 96% lit, altitude -5° to 20°"
    short = nights.night_keogram(night(list(range(60))), 0.6, 60).axes[3].texts
    assert [text.get_text() for text in short] == ["No Moon: 96% lit", "Moon Full: 96% lit, altitude 3° to 20°"]
    with style.applied():
        figure = nights.night_keogram(night([*range(60), *range(200, 203)]), 0.6, 60)
        figure.draw_without_rendering()
        for axes in figure.axes[2:]:
            drawn = [patch.get_window_extent() for patch in axes.patches]
            for text in axes.texts:
                box = text.get_window_extent()
                assert not text.get_text() or any(one.x0 <= box.x0 and box.x1 <= one.x1 for one in drawn)


def test_pages_hold_eight_nights_in_order_and_the_last_what_is_left():
    names = [f"202402{day:02d}" for day in range(1, 12)]
    pages = list(nights.all_nights([night(FORTY, name) for name in names], 0.6, 60))
    titles = [[axes.get_title() for axes in page.axes if axes.get_title()] for page in pages]
    assert [len(page) for page in titles] == [8, 3]
    assert [title[:10].replace("-", "") for page in titles for title in page] == names
    assert all(len(page.legends) == 1 for page in pages)
    assert list(nights.all_nights([], 0.6, 60)) == []


def test_no_text_is_smaller_than_eight_points_and_the_page_is_filled():
    with style.applied():
        drawn = [nights.night_keogram(night(FORTY), 0.6, 60), *nights.all_nights([night(FORTY)] * 3, 0.6, 60)]
        for figure in drawn:
            assert min(text.get_fontsize() for text in figure.findobj(mpl.text.Text) if text.get_text()) >= 8
            assert figure.get_figwidth() == style.PAGE_WIDTH


def test_a_night_is_read_with_its_pictures_and_frames_of_unknown_time_are_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labels = tiny.build(nights=tiny.NIGHTS[:3])[["frame_id", "label"]]
    sky = SKY_TABLE.read()
    sky.loc[1, "utc"] = pd.NaT
    ok = FRAMES_TABLE.read(tiny.MONTHS[0]).query("status == 'ok'")["frame_id"]
    predictions = pd.DataFrame({"frame_id": ok, "p_aurora": 0.7, "is_aurora": True})
    found = nights.by_night(predictions.sample(frac=1, random_state=2), sky.sample(frac=1, random_state=1), labels)
    assert list(found) == list(tiny.NIGHTS[:3])
    assert [len(frames) for frames in found.values()] == [7, 8, 9]  # 9, less a bad one each and one of unknown time
    assert all(frames["utc"].is_monotonic_increasing for frames in found.values())
    read = nights.read_night(found["20240203"])
    assert read.lines.shape == (180, 9, 3)
    green = read.lines[..., 1].max(axis=0).astype(int) - read.lines[..., 2].max(axis=0)
    assert ((green > 40) == (read.frames["label"] == "yes").to_numpy()).all()  # aurora is drawn as a green band
    assert nights.night_keogram(read, 0.5, 60).axes[0].get_title() == "2024-02-03: 9 frames, 100% yes"


def test_sun_classes_get_brighter_towards_day():
    shades = [np.dot(mpl.colors.to_rgb(colour), (0.2126, 0.7152, 0.0722)) for colour in nights.SUN_COLOURS.values()]
    assert (np.diff(shades) > 0.1).all()
