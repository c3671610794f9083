"""Kp and the solar wind as files: what is written is read, and what is no Kp is refused by its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_gradcam.errors import DataError, InputError
from aurora_gradcam.tables.indices import KP_COLUMNS, SOLAR_WIND, kp_text, read_kp, read_solar_wind

ROOT = Path(__file__).parents[2]
HEAD = ",".join(("date", *KP_COLUMNS))
DAY = "2024-02-01,3.33,3.67,2.33,2.33,2.67,1.00,1.00,1.33"


def written(folder: Path, *lines: str, head: str = HEAD) -> Path:
    path = folder / "kp.csv"
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


def test_the_bundled_file_holds_the_storm_of_may_2024_and_has_no_gap():
    kp = read_kp(ROOT / "data/indices/kp.csv")
    assert (np.diff(kp.index.to_numpy()) == np.timedelta64(3, "h")).all()
    assert kp.notna().all() and str(kp.index.tz) == "UTC"
    assert kp["2024-05-11 00:00:00+00:00"] == 9.0  # GFZ's definitive value of the Gannon storm
    assert kp.index[0] == pd.Timestamp("2018-01-01", tz="UTC")


def test_the_bundled_file_is_written_as_it_is_read():
    path = ROOT / "data/indices/kp.csv"
    assert kp_text(read_kp(path)) == path.read_text()


def test_an_empty_field_is_a_value_not_yet_known(tmp_path):
    kp = read_kp(written(tmp_path, "2024-02-01,3.33,3.67,,,,,,"))
    assert kp.notna().tolist() == [True] * 2 + [False] * 6


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ([DAY, "2024-02-03" + DAY[10:]], "days are missing between 2024-02-01 and 2024-02-03"),
        ([DAY, DAY], "days are out of order"),
        ([DAY.replace("3.67", "-1.000")], "-1 at 2024-02-01 03 UTC is no Kp of 0 to 9 but a fill value"),
        ([DAY.replace("3.67", "99.9")], "fill value"),
        ([DAY.replace("3.67", "37")], "tenths of Kp"),
        ([DAY.replace("3.67", "3.5")], "no third of Kp"),
        ([DAY.replace("3.67", "3+")], "2024-02-01: could not convert"),
        ([DAY.replace("2024-02-01", "01/02/2024")], "no date such as 2024-02-01 [{path}, line 2]"),
        ([], "no day in it"),
    ],
)
def test_what_is_no_kp_is_one_error_that_names_its_place_and_the_fix(tmp_path, lines, named):
    path = written(tmp_path, *lines)
    with pytest.raises(DataError) as caught:
        read_kp(path)
    assert named.replace("{path}", str(path)) in str(caught.value) and "Fix: " in str(caught.value)


def test_another_layout_and_a_missing_file_are_clear_errors(tmp_path):
    with pytest.raises(DataError, match="the columns must be date, kp_00"):
        read_kp(written(tmp_path, "1,2", head="time,Kp"))
    with pytest.raises(InputError, match="the file of Kp is missing"):
        read_kp(tmp_path / "none.csv")


@settings(deadline=None)
@given(st.lists(st.lists(st.one_of(st.none(), st.integers(0, 27)), min_size=8, max_size=8), min_size=1, max_size=4))
def test_any_kp_comes_back_as_it_was_written(tmp_path_factory, days):
    thirds = np.array([[np.nan if value is None else value / 3 for value in day] for day in days]).ravel()
    index = pd.date_range("2023-12-30", periods=len(thirds), freq="3h", tz="UTC", unit="us")
    path = tmp_path_factory.mktemp("kp") / "kp.csv"
    path.write_text(kp_text(pd.Series(thirds, index=index)))
    back = read_kp(path)
    assert back.index.equals(index)
    assert np.allclose(back.to_numpy(), thirds, atol=0.005, equal_nan=True)


def test_no_solar_wind_is_the_normal_case_and_years_come_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_solar_wind() is None
    for year in ("2024", "2023"):
        utc = pd.date_range(f"{year}-12-31 23:50", periods=2, freq="5min", tz="UTC")
        SOLAR_WIND.write(pd.DataFrame({"utc": utc, "by": [1.0, np.nan], "bz": -2.0, "speed": 400.0}), year)
    wind = read_solar_wind()
    assert wind["utc"].is_monotonic_increasing and len(wind) == 4 and wind["by"].isna().sum() == 2
