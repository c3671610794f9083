"""`aurora fetch --indices` against a real server: what came whole is kept, and what is known is never lost."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archive_server
from archive_server import File
from aurora_gradcam.acquisition import kp_source, omni_source
from aurora_gradcam.cli import main
from aurora_gradcam.errors import DataError
from aurora_gradcam.tables.indices import KP_FILE, SOLAR_WIND, read_kp

ROOT = Path(__file__).parents[2]
KP_PATH, OMNI_PATH = "/Kp_ap_since_1932.txt", "/omni_5min2024.asc"


HEAD = "# PURPOSE: a test\n#YYY MM DD hh.h hh._m        days      days_m     Kp   ap D\n"


def gfz_text(kp: pd.Series) -> str:
    """Kp as GFZ's file has it, by its format line: iii ii ii ff.f ff.ff fffff.fffff fffff.fffff ff.fff iiii i."""
    since = (kp.index - pd.Timestamp("1932-01-01", tz="UTC")) / pd.Timedelta(days=1)
    lines = [
        f"{utc:%Y %m %d} {utc.hour:04.1f} {utc.hour + 1.5:05.2f} {day:11.5f} {day + 0.0625:11.5f}"
        f" {value:6.3f} {ap:4d} 2"
        for utc, day, value, ap in zip(kp.index, since, kp.fillna(-1.0), kp.notna() * 5 - 1, strict=True)
    ]
    return HEAD + "\n".join(lines) + "\n"


def omni_text(year: int = 2024, records: int = 288, missing: int = 10) -> str:
    """A file of SPDF in its FORTRAN format; the first records hold fill values."""
    lines = []
    for number in range(records):
        hole = number < missing
        by, bz, speed = (9999.99, 9999.99, 99999.9) if hole else (1.5, -3.25, 412.3)
        lines.append(
            f"{year:4d}{number // 288 + 1:4d}{number // 12 % 24:3d}{number % 12 * 5:3d} 51 51  77 100  90    900     50"
            f"  0.30     10    5.00    1.00    2.00    3.00{by:8.2f}{bz:8.2f}    0.20    0.30{speed:8.1f}"
            "  -400.0     5.0     3.0   5.00   50000.  2.00   1.20   0.80   8.0  220.00   10.00   15.00   12.00    0.50"
            "    1.00   100   -50    50     1    -5    10    15   0.50   6.0   99999.99   99999.99   99999.99"
        )
    return "\n".join(lines) + "\n"


def thirds(index: pd.DatetimeIndex, seed: int = 1) -> pd.Series:
    return pd.Series(np.random.default_rng(seed).integers(0, 28, len(index)) / 3, index=index, name="kp").round(3)


@pytest.fixture
def archive():
    with archive_server.started() as archive:
        archive.files[OMNI_PATH] = File(omni_text().encode(), "text/plain")
        yield archive


@pytest.fixture
def aurora(tmp_path, monkeypatch, capsys, archive):
    """Run `aurora fetch --indices` in a project of two months of 2024: exit status, output, lines of standard error."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "data/indices", "data/indices")
    Path("params.yaml").write_text(
        f'months: ["2024-02", "2024-03"]\nfetch: {{indices: {{kp: "{archive.url}{KP_PATH}",'
        f' omni: "{archive.url}/omni_5min{{year}}.asc"}}}}\n'
    )

    def run(*arguments: str) -> tuple[int, str, list[str]]:
        monkeypatch.setattr(sys, "argv", ["aurora", "fetch", "--indices", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return ended.value.code or 0, output.out, output.err.splitlines()

    return run


def left() -> set[str]:
    return {str(path) for path in Path("data/indices").rglob("*") if path.is_file()}


def test_new_values_replace_known_ones_and_older_ones_stay(archive, aurora):
    before = read_kp()
    new = thirds(pd.date_range("2026-06-30", "2026-07-02 21:00", freq="3h", tz="UTC"))
    new.iloc[2], new.iloc[-3:] = np.nan, np.nan
    archive.files[KP_PATH] = File(gfz_text(new).encode(), "text/plain")
    code, out, _ = aurora()
    after = read_kp()
    assert code == 0 and "Kp from 2018-01-01 to 2026-07-02 12 UTC, 13 bins new" in out
    assert after[: before.index[-9]].equals(before[: before.index[-9]])
    expected = new.copy()
    expected.iloc[2] = before["2026-06-30 06:00:00+00:00"]  # missing there, known here
    assert np.allclose(after[new.index], expected, atol=0.006, equal_nan=True)
    assert left() == {"data/indices/README.md", str(KP_FILE), "data/indices/omni/2024.parquet"}


def test_the_solar_wind_has_no_fill_values_and_is_right_to_the_minute(archive, aurora):
    archive.files[KP_PATH] = File(gfz_text(read_kp(ROOT / KP_FILE)).encode())
    code, out, _ = aurora()
    wind = SOLAR_WIND.read("2024")
    assert code == 0 and "solar wind of 2024: 288 records, 97% of them complete" in out
    assert wind["utc"].tolist() == list(pd.date_range("2024-01-01", periods=288, freq="5min", tz="UTC"))
    assert wind[["by", "bz", "speed"]].isna().all(axis=1).sum() == 10
    assert wind.iloc[-1, 1:].tolist() == [1.5, -3.25, 412.3]
    assert "0 bins new" in out and (ROOT / KP_FILE).read_bytes() == KP_FILE.read_bytes()


def test_what_broke_off_is_resumed_in_the_same_run(archive, aurora):
    content = gfz_text(thirds(pd.date_range("2024-01-01", "2024-12-31 21:00", freq="3h", tz="UTC"))).encode()
    archive.files[KP_PATH] = File(content, breaks=[100_000])
    code, _, _ = aurora()
    assert code == 0 and archive.statuses(KP_PATH) == [200, 206]
    assert archive.ranges(KP_PATH)[1].startswith("bytes=")
    assert not [name for name in left() if "part" in name]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (None, "the server has no such file"),
        (File(statuses=[(403, {})]), "HTTP 403"),
        (File(b"<html>moved</html>", "text/html"), "not GFZ's file"),
        (File(gfz_text(thirds(pd.date_range("2024-01-01", periods=8, freq="6h", tz="UTC"))).encode()), "three hours"),
        (File(gfz_text(30 * thirds(pd.date_range("2024-01-01", periods=8, freq="3h", tz="UTC"))).encode()), "is no Kp"),
        (File(b""), "not GFZ's file"),
        (File(b"\xff\xfe1\x00"), "not GFZ's file"),
    ],
)
def test_a_server_that_fails_is_one_error_and_the_known_values_stay(archive, aurora, file, reason):
    before = KP_FILE.read_bytes()
    if file:
        archive.files[KP_PATH] = file
    code, out, err = aurora()
    assert code == 2 and err[-1].startswith("InputError: Kp did not come, and what is known stays: ")
    assert reason in err[-1] and "Fix: " in err[-1]
    assert KP_FILE.read_bytes() == before and not [name for name in left() if "part" in name]
    assert "solar wind of 2024: 288 records" in out  # the other source does not suffer


def test_a_server_that_gives_up_leaves_what_came_for_the_next_time(archive, aurora, monkeypatch):
    from aurora_gradcam.acquisition import download

    monkeypatch.setattr(download.Patience, "wait", lambda self, failures: 0.0)
    content = gfz_text(thirds(pd.date_range("2024-01-01", "2024-12-31 21:00", freq="3h", tz="UTC"))).encode()
    archive.files[KP_PATH] = File(content, breaks=[1000] * 5)
    before = KP_FILE.read_bytes()
    code, _, err = aurora()
    assert code == 2 and "gave up after 5 tries" in err[-1]
    assert KP_FILE.read_bytes() == before
    code, out, _ = aurora()
    assert code == 0 and "Kp from 2018-01-01" in out
    assert archive.ranges(KP_PATH)[-1] is not None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (omni_text(2023), "records of 2023, not of 2024"),
        ("1 2 3\n", "lines of 3 words"),
        (omni_text().replace("9999.99 ", "9999.99x", 1), "not SPDF's file"),
        ("\n".join(omni_text().splitlines()[::2]), "five minutes apart"),
        (omni_text().replace("-3.25", "-999.", 1), "breaks its contract"),
    ],
)
def test_a_solar_wind_that_cannot_be_used_is_a_warning(archive, aurora, content, reason):
    archive.files[KP_PATH] = File(gfz_text(read_kp(ROOT / KP_FILE)).encode())
    archive.files[OMNI_PATH] = File(content.encode())
    code, _, err = aurora()
    assert code == 0 and not SOLAR_WIND.path("2024").exists()
    [line] = [line for line in err if "solar wind of 2024 did not come" in line]
    assert reason in line


def test_a_past_year_that_is_here_to_its_end_is_not_asked_for_again(archive, aurora):
    archive.files[KP_PATH] = File(gfz_text(read_kp(ROOT / KP_FILE)).encode())
    archive.files[OMNI_PATH] = File(omni_text(records=288 * 366).encode())
    assert aurora()[0] == 0
    code, out, _ = aurora()
    assert code == 0 and "solar wind of 2024: already there" in out
    assert len(archive.asked(OMNI_PATH)) == 1


def test_nights_name_other_years_and_nothing_is_asked_in_a_dry_run(archive, aurora):
    code, out, _ = aurora("--from", "2022-12-30", "--to", "2023-01-02", "--dry-run")
    assert code == 0 and archive.requests == []
    assert [Path(line).name for line in out.splitlines()] == [
        "Kp_ap_since_1932.txt", "omni_5min2022.asc", "omni_5min2023.asc"
    ]  # fmt: skip


def test_without_months_or_nights_there_is_one_error(archive, aurora):
    Path("params.yaml").write_text("months: []\n")
    code, _, err = aurora()
    assert code == 2 and "no nights to fetch indices for" in err[-1]


def test_a_known_file_that_is_damaged_is_not_overwritten(archive, aurora):
    archive.files[KP_PATH] = File(gfz_text(read_kp(ROOT / KP_FILE)).encode())
    KP_FILE.write_text("date,kp\n")
    code, _, err = aurora()
    assert code == 2 and "the columns must be date" in err[-1]
    assert KP_FILE.read_text() == "date,kp\n" and archive.requests == []


def test_without_a_known_file_kp_begins_with_the_year_of_the_nights(archive, aurora):
    new = thirds(pd.date_range("2023-11-01", "2024-05-01 21:00", freq="3h", tz="UTC"))
    archive.files[KP_PATH] = File(gfz_text(new).encode())
    KP_FILE.unlink()
    assert aurora()[0] == 0
    assert read_kp().index[0] == pd.Timestamp("2024-01-01", tz="UTC")
    assert os.listdir("data/indices/omni") == ["2024.parquet"]


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 27)), min_size=1, max_size=30), st.integers(0, 40_000))
def test_any_kp_of_gfzs_layout_is_read(values, bins):
    first = pd.Timestamp("1932-01-01", tz="UTC") + bins * pd.Timedelta(hours=3)
    index = pd.date_range(first, periods=len(values), freq="3h", unit="us")
    kp = pd.Series([np.nan if value is None else round(value / 3, 3) for value in values], index=index)
    read = kp_source.parse_kp(gfz_text(kp).encode(), "a test")
    assert read.index.equals(index) and np.allclose(read, kp, atol=0.006, equal_nan=True)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_anything_else_is_a_clear_error(content):
    for parse in (lambda: kp_source.parse_kp(content, "x"), lambda: omni_source.parse_omni(content, 2024, "x")):
        with pytest.raises(DataError):
            parse()
