from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import videos
from aurora_gradcam.acquisition import whole
from aurora_gradcam.errors import InputError, ToolError

FRAMES = 60


@pytest.fixture(scope="module", params=["", "faststart", "frag_keyframe+empty_moov"])
def video(request, tmp_path_factory) -> Path:
    """A whole video, with its index at the end, at the beginning, and in fragments."""
    path = tmp_path_factory.mktemp("whole") / "v.mp4"
    options = {"movflags": request.param} if request.param else {}
    return videos.write(path, [videos.draw(number) for number in range(FRAMES)], **options)


def test_a_whole_video_passes(video):
    whole.check(video)
    assert whole.promised_length(video) == video.stat().st_size


@pytest.mark.parametrize("cut", [1, 40])
def test_a_video_cut_short_by_a_few_bytes_is_found_out(video, tmp_path, cut):
    short = tmp_path / "short.mp4"
    short.write_bytes(video.read_bytes()[:-cut])
    with pytest.raises(InputError, match=r"breaks off|not a readable video"):
        whole.check(short)


@pytest.fixture(scope="module")
def box_last(tmp_path_factory) -> bytes:
    """A video whose pictures are its last box."""
    path = tmp_path_factory.mktemp("cut") / "v.mp4"
    return videos.write(path, [videos.draw(1)], movflags="faststart").read_bytes()


@given(st.data())
def test_a_cut_inside_a_box_shows_in_its_length(box_last, tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "cut.mp4"
    path.write_bytes(box_last[: data.draw(st.integers(box_last.index(b"mdat") + 4, len(box_last) - 1))])
    assert whole.promised_length(path) == len(box_last)


def test_boxes_of_64_bits_and_to_the_end(tmp_path):
    path = tmp_path / "v.mp4"
    start = (8).to_bytes(4, "big") + b"ftyp"
    path.write_bytes(start + (1).to_bytes(4, "big") + b"mdat" + (5_000_000_000).to_bytes(8, "big") + b"x" * 9)
    assert whole.promised_length(path) == 8 + 5_000_000_000
    path.write_bytes(start + bytes(4) + b"mdat" + b"x" * 9)
    assert whole.promised_length(path) == path.stat().st_size


def test_a_page_and_an_empty_file_are_no_videos(tmp_path):
    path = tmp_path / "v.mp4"
    for content in (b"<html><body>not found</body></html>", b""):
        path.write_bytes(content)
        with pytest.raises(InputError, match="not a readable video|is empty"):
            whole.check(path)


@pytest.mark.parametrize("packet", [0, 15, 30])  # 0 and 30 are keyframes
def test_a_damaged_picture_is_no_reason_to_lose_the_night(tmp_path, packet):
    path = videos.write(tmp_path / "v.mp4", [videos.draw(number) for number in range(FRAMES)], fps="2")
    videos.damage(path, packet)
    whole.check(path)


def test_an_end_that_does_not_decode_is_found_out(tmp_path):
    path = videos.write(tmp_path / "v.mp4", [videos.draw(number) for number in range(FRAMES)], fps="1", g=20)
    content = bytearray(path.read_bytes())
    for packet in videos.packets(path)[35:]:
        start, size = int(packet["pos"]), int(packet["size"])
        content[start : start + size] = b"\xff" * size
    path.write_bytes(content)
    with pytest.raises(InputError, match="nothing can be decoded in the last 20 s"):
        whole.check(path)


def stand_in(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_newer_ffmpeg_without_the_option_vsync_finds_it_whole(video, tmp_path, monkeypatch):
    refuse = 'for argument; do [ "$argument" = -vsync ] && exit 8; done'
    stand_in(tmp_path, "ffmpeg", f'{refuse}\nexec {shutil.which("ffmpeg")} "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    whole.check(video)


def test_an_ffmpeg_that_does_not_work_is_no_fault_of_the_video(video, tmp_path, monkeypatch):
    stand_in(tmp_path, "ffmpeg", "exit 8")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(ToolError, match="test picture"):
        whole.check(video)
