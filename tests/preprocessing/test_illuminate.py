from __future__ import annotations

import pandas as pd
import pytest

import tiny
from aurora_gradcam import config
from aurora_gradcam.config import Params
from aurora_gradcam.errors import InputError
from aurora_gradcam.preprocessing import illuminate, sky
from aurora_gradcam.tables.sky import SKY_TABLE
from aurora_gradcam.tables.times import TIMES_TABLE


def times(night: str, utc: list[str | None]) -> pd.DataFrame:
    frame_ids = [f"{night}-{10 * number:05d}" for number in range(len(utc))]
    table = pd.DataFrame({"frame_id": frame_ids, "utc": pd.to_datetime(pd.Series(utc), utc=True)})
    unknown = {"text": None, "confidence": None, "local_time": pd.NaT, "utc_offset_min": None, "residual_s": None}
    return table.assign(time_status=table["utc"].notna().map({True: "read", False: "failed"}), **unknown)


@pytest.fixture
def two_months(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AURORA_WORKERS", "1")
    TIMES_TABLE.write(times("20240301", ["2024-03-01 03:00:00"]), "2024-03")
    TIMES_TABLE.write(times("20240201", ["2024-02-01 06:00:00", None, "2024-02-01 06:02:00"]), "2024-02")
    return Params(months=("2024-03", "2024-02"))


def test_every_frame_has_a_row_in_order_and_an_unknown_time_a_row_of_nulls(two_months, caplog):
    illuminate.run(two_months)
    table = SKY_TABLE.read()
    assert list(table["frame_id"]) == ["20240201-00000", "20240201-00010", "20240201-00020", "20240301-00000"]
    assert table.loc[1].drop("frame_id").isna().all()
    expected = sky.illuminated(pd.DatetimeIndex(table["utc"]), two_months.site, two_months.illuminate)
    pd.testing.assert_frame_equal(table[expected.columns], expected, check_dtype=False, rtol=0, atol=2e-6)
    assert "1 of 4 frames have no time" in caplog.text


def test_running_again_gives_the_same_bytes(two_months):
    illuminate.run(two_months)
    first = SKY_TABLE.path().read_bytes()
    illuminate.run(two_months.model_copy(update={"months": tuple(reversed(two_months.months))}))
    assert SKY_TABLE.path().read_bytes() == first


def test_a_table_without_any_time_is_written_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    TIMES_TABLE.write(times("20240201", [None, None]), "2024-02")
    illuminate.run(Params(months=("2024-02",)))
    assert SKY_TABLE.read()["sun_class"].isna().all()


def test_no_months_and_missing_times_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no months"):
        illuminate.run(Params())
    with pytest.raises(InputError, match="2024-02"):
        illuminate.run(Params(months=("2024-02",)))


def test_the_stage_runs_on_the_miniature_project(tiny_project):
    illuminate.run(config.load())
    assert len(SKY_TABLE.read()) == 9 * len(tiny.NIGHTS)


def test_the_main_program_tells_an_error_in_one_line_and_exits_with_2(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        illuminate.main()
    assert capsys.readouterr().err.count("\n") == 1
