from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml

import videos
from aurora_gradcam import config
from aurora_gradcam.corpus import archive
from aurora_gradcam.corpus.frame_ids import make
from aurora_gradcam.corpus.images import decode_image, read_frame
from aurora_gradcam.errors import DataError, InputError
from aurora_gradcam.preprocessing import extract, video
from aurora_gradcam.tables.frames import FRAMES_TABLE

MONTH = "2024-02"
PARAMS = config.Params(months=(MONTH,), extract=videos.EXTRACT)
NIGHTS = ("20240201", "20240202")
EMPTY_BOX = b"\x00\x00\x00\x08free"  # makes another file of the same video


def place(night: str, month: str = MONTH, maker: str = "simulated") -> Path:
    return extract.RAW / month / f"{maker}HD_{night}_720p.mp4"


def written() -> dict[str, bytes]:
    """All files below data but the raw ones."""
    files = [path for path in Path("data").rglob("*") if path.is_file() and not path.is_relative_to(extract.RAW)]
    return {str(path): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def good_video(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("video") / "night.mp4"
    return videos.write(path, [videos.draw(number) for number in range(40)]).read_bytes()


@pytest.fixture
def month(tmp_path, monkeypatch, good_video) -> Path:
    """The current folder is a project with two good nights of four minutes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AURORA_WORKERS", "1")
    for number, night in enumerate(NIGHTS):
        place(night).parent.mkdir(parents=True, exist_ok=True)
        place(night).write_bytes(good_video + number * EMPTY_BOX)
    return tmp_path


def test_a_month_becomes_archives_and_a_row_a_frame(month, good_video):
    extract.run(PARAMS, MONTH)
    frames = FRAMES_TABLE.read(MONTH)
    assert frames["frame_id"].tolist() == [f"{night}-{number:05d}" for night in NIGHTS for number in (0, 10, 20, 30)]
    assert (frames["frame_no"] / 25 - frames["pts_s"]).abs().max() < 1e-9
    assert set(frames["status"]) == {"ok"}
    assert set(frames["video"]) == {place(night).name for night in NIGHTS}
    md5 = [hashlib.md5(good_video + number * EMPTY_BOX).hexdigest() for number in range(2)]
    assert frames.groupby("night")["video_md5"].unique().str.join("").tolist() == md5
    for night, of_night in frames.groupby("night"):
        assert archive.names(archive.night_path(archive.FRAMES, night)) == of_night["member"].tolist()
        strips = [f"{frame_id}.png" for frame_id in of_night["frame_id"]]
        assert archive.names(archive.night_path(archive.STAMPS, night)) == strips
    picture = read_frame("20240202-00030")
    assert picture.shape == (videos.CROP, videos.CROP, 3)
    assert videos.number_in(picture[..., 1]) == 30
    content = archive.read_member(archive.night_path(archive.STAMPS, "20240202"), "20240202-00030.png")
    strip = decode_image(content)
    assert strip.shape == (13, 30, 3)


def test_the_number_of_processes_and_a_second_run_change_no_byte(month, monkeypatch):
    extract.run(PARAMS, MONTH)
    first = written()
    extract.run(PARAMS, MONTH)
    assert written() == first
    monkeypatch.setenv("AURORA_WORKERS", "2")
    extract.run(PARAMS, MONTH)
    assert written() == first
    assert len(first) == 5


def test_bad_frames_are_rows_and_one_counted_warning(month, caplog):
    numbers = range(100)
    dark = [videos.draw(number, brightness=0 if 15 < number < 35 else 1) for number in numbers]
    videos.write(place("20240203"), dark)
    videos.write(place("20240204"), [videos.draw(number) for number in numbers])
    videos.damage(place("20240204"), 31)  # frame 34, which those until 60 are predicted from
    videos.write(place("20240205"), [videos.draw(number) for number in numbers], movflags="+faststart")
    whole = place("20240205").read_bytes()
    place("20240205").write_bytes(whole[: len(whole) * 6 // 10])
    extract.run(
        PARAMS.model_copy(update={"extract": videos.EXTRACT.model_copy(update={"max_bad_fraction": 0.3})}), MONTH
    )
    frames = FRAMES_TABLE.read(MONTH).set_index("frame_id")
    assert frames.loc[frames["status"] == "blank", "frame_no"].tolist() == [20, 30]
    corrupt = frames[frames["status"] == "corrupt"]
    assert set(corrupt["night"]) == {"20240204"}
    assert corrupt["frame_no"].tolist() == [40, 50]
    missing = frames[frames["status"] == "missing"]
    assert set(missing["night"]) == {"20240205"}
    assert missing["frame_no"].tolist() == list(range(missing["frame_no"].min(), 100, 10))
    assert missing["member"].isna().all()
    assert (missing["pts_s"] == missing["frame_no"] / 25).all()
    assert frames.groupby("night").size().tolist() == [4, 4, 10, 10, 10]
    for frame_id in frames.index[frames["member"].notna()]:
        assert read_frame(frame_id).shape == (videos.CROP, videos.CROP, 3)
    lost = len(missing)
    assert caplog.messages == [
        f"{MONTH}: {4 + lost} of 38 frames are bad: 2 corrupt, 2 blank, {lost} missing; "
        f"most in the night 20240205, {lost}"
    ]


def test_too_many_bad_frames_end_the_stage(month):
    videos.write(place("20240203"), [videos.draw(0, brightness=0)] * 20)
    with pytest.raises(
        DataError, match=r"2 of 10 frames are bad: 2 blank; most in the night 20240203.*max_bad_fraction"
    ):
        extract.run(PARAMS, MONTH)
    assert not FRAMES_TABLE.path(MONTH).exists()


def test_a_video_that_was_removed_leaves_nothing_of_its_night(month):
    extract.run(PARAMS, MONTH)
    place(NIGHTS[0]).unlink()
    leftover = archive.FRAMES / MONTH / ".20240202.zip.1.part"
    leftover.touch()
    extract.run(PARAMS, MONTH)
    assert FRAMES_TABLE.read(MONTH)["night"].unique().tolist() == [NIGHTS[1]]
    assert [path.name for path in (archive.FRAMES / MONTH).iterdir()] == [f"{NIGHTS[1]}.zip"]
    assert [path.name for path in (archive.STAMPS / MONTH).iterdir()] == [f"{NIGHTS[1]}.zip"]


def test_an_unreadable_video_in_a_good_month_is_named_before_any_work_and_loses_nothing(month, monkeypatch):
    extract.run(PARAMS, MONTH)
    before = written()
    place("20240203").write_bytes(b"no video")
    with pytest.raises(InputError, match=r"not a readable video.*simulatedHD_20240203_720p\.mp4.*another folder"):
        extract.run(PARAMS, MONTH)
    place("20240204").write_bytes(place(NIGHTS[0]).read_bytes()[:3000])
    with pytest.raises(InputError, match=r"2 videos cannot be used.*_20240203_.*, .*_20240204_"):
        extract.run(PARAMS, MONTH)
    assert written() == before


def test_work_that_is_cut_short_leaves_no_half_written_file(month, monkeypatch):
    decode = video.decode

    def killed(source, *arguments):
        if NIGHTS[1] in source.path.name:
            raise KeyboardInterrupt
        return decode(source, *arguments)

    monkeypatch.setattr(video, "decode", killed)
    with pytest.raises(KeyboardInterrupt):
        extract.run(PARAMS, MONTH)
    assert set(written()) == {f"data/{root}/{MONTH}/{NIGHTS[0]}.zip" for root in ("frames", "stamps")}
    assert len(archive.names(archive.night_path(archive.STAMPS, NIGHTS[0]))) == 4


def test_a_picture_too_small_for_the_circle(month):
    with pytest.raises(InputError, match=r"extract\.circle.*radius 360.*picture of 112x72.*set extract\.circle"):
        extract.run(config.Params(), MONTH)


def test_a_month_without_videos(month):
    with pytest.raises(InputError, match=r"no video named like '\*HD_\{night\}_720p\.mp4' \[data/raw/2024-03\]"):
        extract.run(PARAMS, "2024-03")


def test_the_command_ends_with_status_2_and_one_line(month, monkeypatch, capsys):
    Path("params.yaml").write_text("months: []\n")
    monkeypatch.setattr(sys, "argv", ["extract"])
    with pytest.raises(SystemExit, match="2"):
        extract.main()
    monkeypatch.setattr(sys, "argv", ["extract", "2024-03"])
    with pytest.raises(SystemExit, match="2"):
        extract.main()
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["InputError", "InputError"]


def test_no_bad_frame_no_warning(caplog):
    extract.check_bad(pd.DataFrame({"status": ["ok", "ok"], "night": ["20240201"] * 2}), MONTH, 0.0)
    assert caplog.messages == []


def test_hidden_companions_and_endings_in_capitals_change_nothing(month, caplog):
    for name in (f"._{place(NIGHTS[0]).name}", f".{place(NIGHTS[1]).name}", "Thumbs.db", ".DS_Store", "desktop.ini"):
        (extract.RAW / MONTH / name).write_bytes(b"\0" * 4096)
    (extract.RAW / MONTH / "@eaDir").mkdir()
    place(NIGHTS[1]).rename(place(NIGHTS[1]).with_suffix(".MP4"))
    extract.run(PARAMS, MONTH)
    assert FRAMES_TABLE.read(MONTH)["night"].unique().tolist() == list(NIGHTS)
    assert "ignored 2 hidden files" in caplog.text


def test_two_nights_with_one_video_are_reported(month, caplog):
    place("20240203").write_bytes(place(NIGHTS[0]).read_bytes())
    extract.run(PARAMS, MONTH)
    assert f"the nights {NIGHTS[0]}, 20240203 have one and the same video" in caplog.text


def test_frame_numbers_of_six_digits_keep_their_order(month):
    sample = next(iter(video.decode(video.probe(place(NIGHTS[0])), videos.EXTRACT, month).values()))
    numbers = (100_000, 99_999, 0)
    members = [(f"{make(NIGHTS[0], number)}.jpg", sample.picture.read_bytes()) for number in numbers]
    path = archive.night_path(archive.FRAMES, NIGHTS[0])
    archive.write(path, members)
    ids = [f"{NIGHTS[0]}-{number}" for number in ("00000", "99999", "100000")]
    assert archive.names(path) == [f"{frame_id}.jpg" for frame_id in ids]
    assert [name for name, _ in archive.read_all(path)] == archive.names(path)
    assert read_frame(ids[2]).shape == (videos.CROP, videos.CROP, 3)


def fake_ffmpeg(folder: Path, message: str) -> str:
    """A PATH on which ffmpeg fails with a message."""
    folder.mkdir()
    program = folder / "ffmpeg"
    program.write_text(
        f"#!/bin/sh\n[ $1 = -version ] && {{ echo ffmpeg version 5.1; exit; }}\necho '{message}' >&2; exit 1\n"
    )
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def line_of_failing_stage(monkeypatch, capsys) -> str:
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS.model_dump(mode="json")))
    monkeypatch.setattr(sys, "argv", ["extract", MONTH])
    with pytest.raises(SystemExit, match="2"):
        extract.main()
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "Error" in line]
    return line


@pytest.mark.parametrize(
    ("message", "fix"),
    [
        ("av_interleaved_write_frame(): No space left on device", "TMPDIR"),
        ("Could not open file : Disk quota exceeded", "TMPDIR"),
        ("Could not open file : Read-only file system", "TMPDIR"),
        ("Could not open file : Permission denied", "TMPDIR"),
    ],
)
def test_a_full_temporary_folder_is_not_blamed_on_the_video(month, message, fix, monkeypatch, capsys):
    monkeypatch.setenv("PATH", fake_ffmpeg(month / "bin", message))
    line = line_of_failing_stage(monkeypatch, capsys)
    assert message.partition(": ")[2].lower() in line and fix in line and tempfile.gettempdir() in line
    assert "video" not in line


def test_a_full_disk_below_data_names_the_archive_and_leaves_the_rest_alone(month, monkeypatch, capsys):
    extract.run(PARAMS, MONTH)
    before = written()
    place("20240203").write_bytes(place(NIGHTS[0]).read_bytes() + 2 * EMPTY_BOX)
    monkeypatch.setattr(zipfile.ZipFile, "writestr", lambda *_: Path("/dev/full").write_bytes(b"x" * 9999))
    line = line_of_failing_stage(monkeypatch, capsys)
    assert line.startswith("InputError: cannot write: no space left on device [data/frames/2024-02/20240201.zip]")
    assert "free space" in line
    assert written() == before
