"""Times in a CSV file: read as Python reads them, answered as the stage answers, and refused by line."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from aurora_gradcam.cli import app
from aurora_gradcam.config import Params, Site
from aurora_gradcam.errors import DataError, InputError
from aurora_gradcam.preprocessing import sky, sky_of_times

SVALBARD = Params(site=Site(latitude=78.15, longitude=16.04))


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setenv("AURORA_WORKERS", "1")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def written(tmp_path: Path, text: str, params: Params = SVALBARD) -> list[dict[str, str]]:
    (tmp_path / "times.csv").write_text(text, encoding="utf-8")
    sky_of_times.write(tmp_path / "times.csv", tmp_path / "sky.csv", params)
    return rows_of(tmp_path / "sky.csv")


def test_rows_equal_the_stages_answer_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(sky_of_times, "ROWS_AT_ONCE", 7)  # so that a file of 40 rows is computed in parts
    generator = np.random.default_rng(3)
    utc = pd.DatetimeIndex(generator.permutation(pd.date_range("2023-01-01", "2025-01-01", periods=40))).tz_localize(
        "UTC"
    )
    rows = written(tmp_path, "utc\n" + "\n".join(time.isoformat() for time in utc))
    expected = sky.illuminated(utc, SVALBARD.site, SVALBARD.illuminate)
    assert len(rows) == 40
    for name in sky.POSITIONS:
        np.testing.assert_allclose([float(row[name]) for row in rows], expected[name], atol=1e-9)
    for name in ("sun_class", "moon_class"):
        assert [row[name] for row in rows] == list(expected[name])


def test_other_columns_stay_in_place_and_untouched(tmp_path):
    rows = written(tmp_path, 'id,utc,note\n007,2024-02-01T07:00:00Z,"a, ""b"""\n1e5,,\n')
    assert list(rows[0])[:3] == ["id", "utc", "note"] and list(rows[0])[3:] == list(sky_of_times.COLUMNS)
    assert (rows[0]["id"], rows[0]["note"], rows[1]["id"]) == ("007", 'a, "b"', "1e5")


def test_an_empty_time_gives_empty_cells_and_is_counted(tmp_path):
    (tmp_path / "times.csv").write_text("utc\n2024-02-01T07:00:00Z\n\n  \n2024-02-01T08:00:00Z\n")
    assert sky_of_times.write(tmp_path / "times.csv", tmp_path / "sky.csv", SVALBARD) == (4, 2)
    known = [bool(row["sun_class"]) for row in rows_of(tmp_path / "sky.csv")]
    assert known == [True, False, False, True]
    assert all(rows_of(tmp_path / "sky.csv")[1][name] == "" for name in sky_of_times.COLUMNS)


def test_a_file_without_rows_gives_a_header(tmp_path):
    assert written(tmp_path, "utc\n") == []
    assert (tmp_path / "sky.csv").read_text() == ",".join(["utc", *sky_of_times.COLUMNS]) + "\n"


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path):
    (row,) = written(tmp_path, "\ufeffutc\r\n2024-02-01T07:00:00Z\r\n")
    assert row["sun_class"] == "Nautical"


ZONES = st.one_of(st.none(), st.just(UTC), st.integers(-840, 840).map(lambda m: timezone(timedelta(minutes=m))))
TIMES = st.datetimes(datetime(1950, 1, 1), datetime(2050, 1, 1), timezones=ZONES)


@settings(deadline=None)
@given(time=TIMES, separator=st.sampled_from("T "), zulu=st.booleans(), padding=st.sampled_from(["", " "]))
def test_times_are_read_as_pythons_datetime_reads_them(time, separator, zulu, padding):
    text = time.isoformat(separator)
    if zulu and text.endswith("+00:00"):
        text = text.removesuffix("+00:00") + "Z"
    read = datetime.fromisoformat(text)
    expected = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    (found,) = sky_of_times.times_of([(2, padding + text)], Path("times.csv"))
    assert found == expected


@pytest.mark.parametrize(
    "text",
    ["yesterday", "now", "2024", "2024-02", "2024-13-01", "2024-02-30T00:00:00Z", "07:00", "01/02/2024", "45323.25",
     "nan", "NaT", "2024-02-01T25:00:00Z", "2024-02-01T07:00:00Z x", "2024-02-01T07:00:00 MST"],
)  # fmt: skip
def test_a_text_that_is_no_time_is_named_with_its_line(tmp_path, text):
    # the quoted note spans two lines, so that the third row ends on line 5
    with pytest.raises(DataError, match="is not a time") as caught:
        written(tmp_path, f'utc,note\n2024-02-01,"two\nlines"\n,\n{text},\nfoo,\n')
    assert f"'{text}'" in str(caught.value) and "times.csv, line 5]" in str(caught.value)
    assert not (tmp_path / "sky.csv").exists()


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", InputError, "empty"),
        (b"time,note\n2024-02-01,a\n", InputError, "no column utc among time, note"),
        (b"utc,utc\n2024-02-01,2024-02-01\n", InputError, "several columns utc"),
        (b"utc,sun_class\n2024-02-01,Day\n", InputError, "column sun_class already"),
        (b"utc,note\n2024-02-01,caf\xe9\n", InputError, "not UTF-8"),
        (b"utc,note\n2024-02-01,a,b\n", DataError, r"3 cells where the header has 2 \[.*line 2\]"),
        (b'utc,note\n2024-02-01,"a\n', DataError, "not valid CSV"),
        (b"utc\n1850-01-01\n", DataError, "outside the ephemeris"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_error(tmp_path, content, error, message):
    (tmp_path / "times.csv").write_bytes(content)
    with pytest.raises(error, match=message):
        sky_of_times.write(tmp_path / "times.csv", tmp_path / "sky.csv", SVALBARD)
    assert [path.name for path in tmp_path.iterdir()] == ["times.csv"]


def test_a_missing_file_and_an_unwritable_one_are_named(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        sky_of_times.write(tmp_path / "nothing.csv", tmp_path / "sky.csv", SVALBARD)
    (tmp_path / "times.csv").write_text("utc\n2024-02-01\n")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        sky_of_times.write(tmp_path / "times.csv", tmp_path / "folder", SVALBARD)


def test_the_command_takes_any_site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("times.csv").write_text("utc\n2024-02-01T07:00:00Z\n\n")
    arguments = [
        "sky",
        "times.csv",
        "--out",
        "sky.csv",
        "--set",
        "site.latitude=78.15",
        "--set",
        "site.longitude=16.04",
    ]
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 0, answer.output
    assert "2 rows, 1 of them without a time" in answer.output
    expected = sky.illuminated(pd.DatetimeIndex(["2024-02-01T07:00:00Z"]), SVALBARD.site, SVALBARD.illuminate)
    assert float(rows_of(Path("sky.csv"))[0]["sun_altitude"]) == expected["sun_altitude"][0]
