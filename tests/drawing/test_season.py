"""The season's figure: every night has its column, its hours run through the night, and months stand apart."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from aurora_gradcam.drawing import night_plot, season, style

NIGHTS = ("20221230", "20221231", "20230101", "20230210", "20230211")


def night(name: str, start: str, minutes: int = 12, grey: int = 0, p_aurora: float = 0.5) -> night_plot.Night:
    utc = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(np.arange(minutes), unit="min")
    lines = np.full((60, minutes, 3), grey, np.uint8)
    return night_plot.Night(pd.DataFrame({"night": name, "utc": utc, "p_aurora": p_aurora}), lines)


def test_a_column_holds_the_mean_of_each_half_hour():
    of_night = night("20230101", "2023-01-01 23:50", 20)
    of_night.frames["p_aurora"] = np.arange(20) / 20
    column = season.column(of_night)
    assert np.flatnonzero(np.isfinite(column.p_yes)).tolist() == [0, 47]  # before and after midnight
    assert column.p_yes[47] == pytest.approx(np.arange(10).mean() / 20)
    assert column.p_yes[0] == pytest.approx(np.arange(10, 20).mean() / 20)
    assert column.keogram.shape == (season.ROWS, season.COLUMNS, 3)


@pytest.mark.parametrize(
    ("present", "expected"),
    [([7], [7]), ([1, 0, 47], [47, 0, 1]), ([3, 5, 5], [3, 4, 5]), ([], []), (range(48), list(range(48)))],
)
def test_hours_run_through_the_night(present, expected):
    order = season.night_order(present, 48)
    assert sorted(order) == sorted(expected)
    assert order == expected or len(order) == 48


def test_nights_of_a_month_stand_side_by_side_and_months_apart():
    place, months, length = season.places(NIGHTS)
    assert list(months) == ["2022-12", "2023-01", "2023-02"]
    assert np.diff(place)[[0, 3]].tolist() == [1, 1] and (np.diff(place)[[1, 2]] > 1).all()
    for month, (first, after) in months.items():
        of_month = [at for at, name in zip(place, NIGHTS, strict=True) if f"{name[:4]}-{name[4:6]}" == month]
        assert of_month == list(range(first, after))
    assert length == place[-1] + 1


def test_the_figure_shows_each_night_at_its_place_and_hours_without_frames_as_gaps():
    starts = ("03:00", "05:00", "23:30", "08:10", "04:00")
    nights = [
        night(name, f"2023-01-01 {start}", grey=20 * at, p_aurora=at / 4)
        for at, (name, start) in enumerate(zip(NIGHTS, starts, strict=True))
    ]
    with style.applied():
        figure = season.season_keogram([season.column(one) for one in nights])
        sky, hours, _ = figure.axes
        place, _, length = season.places(NIGHTS)
        shares = hours.images[0].get_array()
        assert shares.shape == (18, length)  # from 23:30 to 08:30, in half hours
        rows = [7, 11, 0, 17, 9]
        for at, (row, column) in enumerate(zip(rows, place, strict=True)):
            assert shares[row, column] == pytest.approx(at / 4)
        assert shares.count() == len(NIGHTS)
        picture = sky.images[0].get_array().reshape(season.ROWS, length, season.COLUMNS, 3)
        assert (picture[:, np.setdiff1d(np.arange(length), place)] == 255).all()
        levels = picture[60, place, 0, 0].astype(int)
        assert (np.diff(levels) > 0).all()
        assert [text.get_text() for text in hours.get_xticklabels()] == ["2022-12", "2023-01", "2023-02"]
        style.settle(figure)
        assert min(text.get_fontsize() for text in figure.findobj(mpl.text.Text) if text.get_text()) >= 8
        names = [text.get_window_extent() for text in hours.get_xticklabels()]
        assert not any(one.overlaps(other) for one, other in pairwise(names))


def test_one_night_is_no_season():
    assert season.season_keogram([season.column(night("20230101", "2023-01-01 03:00"))]) is None
