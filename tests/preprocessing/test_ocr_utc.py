from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import strips
from aurora_gradcam.config import Extract, Params
from aurora_gradcam.corpus import archive
from aurora_gradcam.errors import DataError, InputError
from aurora_gradcam.preprocessing import ocr_utc
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.times import TIMES_TABLE

PARAMS = Params()


def printed(moment: datetime, form: str = "%Y-%m-%d %H:%M:%S %Z") -> str:
    text = moment.astimezone(ZoneInfo("America/Yellowknife")).strftime(form)
    return text.replace("MST/", "MST/HNR").replace("MDT/", "MDT/HAR")


def night_of_strips(night: str, texts: list[str | None], statuses: dict[int, str] | None = None) -> pd.DataFrame:
    """Write the stamps of frames a minute apart (None: no strip); return the rows of FRAMES_TABLE."""
    statuses = statuses or {}
    rows = []
    members = []
    for k, text in enumerate(texts):
        frame_id = f"{night}-{k * 10:05d}"
        status = statuses.get(k, "ok")
        if text is not None:
            members.append((f"{frame_id}.png", strips.png(strips.draw(text, seed=k))))
        member = None if status == "missing" else f"{frame_id}.jpg"
        rows.append((frame_id, night, f"auroramaxHD_{night}_720p.mp4", "0" * 32, k * 10, k * 0.4, member, status))
    archive.write(archive.night_path(archive.STAMPS, night), members)
    return pd.DataFrame(rows, columns=list(FRAMES_TABLE.schema.columns))


def times(start: datetime, count: int) -> list[datetime]:
    return [start + timedelta(minutes=k) for k in range(count)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AURORA_WORKERS", "1")
    return tmp_path


FEBRUARY = times(datetime(2024, 2, 1, 1, 19, 54, tzinfo=UTC), 10)


def test_a_month_of_both_eras_gaps_and_bad_frames_has_a_row_a_frame_and_no_wrong_time(folder, caplog):
    plain = times(datetime(2024, 2, 10, 3, 0, 7, tzinfo=UTC), 12)
    gap = FEBRUARY[:6] + times(FEBRUARY[6] + timedelta(minutes=12), 6)
    texts: list[str | None] = [printed(t, "%Y/%m/%d %H:%M:%S   %Z/") for t in plain]
    texts[2] = texts[2].replace(":02:", ":402:")
    texts[3], texts[4] = None, ""
    frames = [
        night_of_strips("20240201", [printed(t) for t in gap]),
        night_of_strips("20240210", texts, {3: "missing", 4: "blank", 5: "corrupt"}),
    ]
    FRAMES_TABLE.write(pd.concat(frames), "2024-02")
    ocr_utc.run(PARAMS, "2024-02")
    table = TIMES_TABLE.read("2024-02")
    assert table["frame_id"].tolist() == pd.concat(frames)["frame_id"].tolist()
    assert ((table["utc"] - pd.Series(gap + plain)).dt.total_seconds() == 0).all()
    assert table["time_status"].tolist() == (["read"] * 14 + ["repaired"] + ["interpolated"] * 2 + ["read"] * 7)
    assert (table["utc_offset_min"] == -420).all()
    assert (table["local_time"] == table["utc"].dt.tz_localize(None) - pd.Timedelta(hours=7)).all()
    assert table["text"].isna().tolist() == table["confidence"].isna().tolist()
    assert table["text"].isna().sum() == 2
    said = caplog.text
    assert "20240201: of 12 frames all read; gaps of 720 s" in said
    assert "20240210: of 12 frames 1 repaired, 2 interpolated" in said


def test_both_clock_changes_are_read_from_the_printed_zone(folder, caplog):
    autumn = times(datetime(2024, 11, 3, 6, 51, tzinfo=UTC), 80)[::8]
    spring = times(datetime(2024, 3, 10, 8, 55, 54, tzinfo=UTC), 10)
    assert {printed(t)[11:13] + printed(t)[20:] for t in autumn} == {"00MDT", "01MDT", "01MST"}
    assert {printed(t)[11:13] + printed(t)[20:] for t in spring} == {"01MST", "03MDT"}
    params = Params(extract=Extract(seconds_per_frame=48))
    FRAMES_TABLE.write(night_of_strips("20241103", [printed(t) for t in autumn]), "2024-11")
    FRAMES_TABLE.write(night_of_strips("20240310", [printed(t) for t in spring]), "2024-03")
    ocr_utc.run(params, "2024-11")
    ocr_utc.run(PARAMS, "2024-03")
    for month, truth in (("2024-11", autumn), ("2024-03", spring)):
        table = TIMES_TABLE.read(month)
        assert (table["time_status"] == "read").all()
        assert ((table["utc"] - pd.Series(truth)).dt.total_seconds() == 0).all()
        assert set(table["utc_offset_min"]) == {-420, -360}
    assert "of 10 frames" not in caplog.text


def test_workers_and_reruns_change_no_byte(folder, monkeypatch):
    frames = [night_of_strips(night, [printed(t + timedelta(days=k)) for t in FEBRUARY[:5]])
              for k, night in enumerate(("20240201", "20240202"))]  # fmt: skip
    FRAMES_TABLE.write(pd.concat(frames), "2024-02")
    written = []
    for workers in ("1", "2"):
        monkeypatch.setenv("AURORA_WORKERS", workers)
        ocr_utc.run(PARAMS, "2024-02")
        written.append(TIMES_TABLE.path("2024-02").read_bytes())
    assert written[0] == written[1]


def test_a_night_without_a_readable_time_is_told_and_its_rows_fail(folder, caplog):
    good = [night_of_strips(f"2024020{d}", [printed(t + timedelta(days=d - 1)) for t in FEBRUARY]) for d in (1, 2, 3)]
    dark = night_of_strips("20240204", ["no signal"] * 6)
    FRAMES_TABLE.write(pd.concat([*good, dark]), "2024-02")
    ocr_utc.run(PARAMS, "2024-02")
    table = TIMES_TABLE.read("2024-02")
    failed = table[table["time_status"] == "failed"]
    assert failed["frame_id"].tolist() == dark["frame_id"].tolist()
    assert failed["utc"].isna().all() and failed["local_time"].isna().all()
    assert "20240204: of 6 frames no readable time" in caplog.text


def test_too_many_frames_without_a_time_end_the_month_and_name_the_nights(folder):
    good = night_of_strips("20240201", [printed(t) for t in FEBRUARY])
    dark = night_of_strips("20240204", ["no signal"] * 6)
    FRAMES_TABLE.write(pd.concat([good, dark]), "2024-02")
    with pytest.raises(
        DataError,
        match=r"6 of the month's 16 .*1 of 2 nights fail: 20240204 \[2024-02\].*extract.stamp_box.*ocr_utc.formats",
    ) as raised:
        ocr_utc.run(PARAMS, "2024-02")
    assert "20240201" not in str(raised.value) and "tmp/ocr_utc/2024-02.png" in str(raised.value)
    with Image.open("tmp/ocr_utc/2024-02.png") as sheet:
        assert sheet.height == 6 * 60 and sheet.width > strips.SIZES["720p"][0]
    texts = pd.read_csv("tmp/ocr_utc/2024-02.csv")
    assert texts["frame_id"].tolist() == dark["frame_id"].tolist() and set(texts["text"]) == {"no signal"}
    assert not TIMES_TABLE.path("2024-02").exists()


def test_strips_of_an_earlier_failure_are_removed_when_all_times_are_known(folder):
    FRAMES_TABLE.write(night_of_strips("20240201", [printed(t) for t in FEBRUARY]), "2024-02")
    stale = folder / "tmp" / "ocr_utc" / "2024-02.png"
    stale.parent.mkdir(parents=True)
    stale.touch()
    ocr_utc.run(PARAMS, "2024-02")
    assert not stale.exists()


def test_a_bright_corner_of_the_sky_circle_is_no_ink(folder):
    texts = [printed(t) for t in FEBRUARY]
    frames = night_of_strips("20240201", texts)
    rows, columns = np.mgrid[664:720, 820:1272]
    sky = np.hypot(columns - 640, rows - 360) <= 425
    drawn = [np.roll(strips.draw(text[:19]), 98, axis=1) for text in texts]  # right beside the circle
    members = [(f"{name}.png", strips.png(np.where(sky, 255, strip).astype(np.uint8)))
               for name, strip in zip(frames["frame_id"], drawn, strict=True)]  # fmt: skip
    params = Params(extract=Extract(circle={"center": (640, 360), "radius": 425}))
    archive.write(archive.night_path(archive.STAMPS, "20240201"), members)
    times, notes = ocr_utc.time_night(frames, params)
    assert (times["time_status"] == "read").all() and not notes


def test_missing_stamps_and_missing_frames_are_clear_errors(folder):
    with pytest.raises(InputError, match="'frames' is missing"):
        ocr_utc.run(PARAMS, "2024-02")
    FRAMES_TABLE.write(night_of_strips("20240201", [printed(t) for t in FEBRUARY]), "2024-02")
    archive.night_path(archive.STAMPS, "20240201").unlink()
    with pytest.raises(InputError, match=r"20240201\.zip"):
        ocr_utc.run(PARAMS, "2024-02")
    FRAMES_TABLE.write(FRAMES_TABLE.read("2024-02").iloc[:0], "2024-02")
    with pytest.raises(DataError, match="no frames"):
        ocr_utc.run(PARAMS, "2024-02")


@pytest.mark.parametrize("arguments", [[], ["2024-02", "2024-03"], ["2024-02"]])
def test_the_command_fails_in_one_line_without_a_month_or_its_table(folder, arguments):
    (folder / "params.yaml").write_text("seed: 1\n")
    command = [sys.executable, "-m", "aurora_gradcam.preprocessing.ocr_utc", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "Error" in done.stderr


def test_formats_that_hold_no_whole_time_are_refused_by_name():
    for formats in (["%H:%M:%S"], ["%Y-%m-%d %I:%M:%S"], []):
        with pytest.raises(ValueError, match="formats"):
            Params.model_validate({"ocr_utc": {"formats": formats}})
