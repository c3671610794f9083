from __future__ import annotations

import errno
import os
import shutil
import stat
from pathlib import Path

import ffmpeg
import pytest

import videos
from aurora_gradcam.errors import InputError, ToolError
from aurora_gradcam.preprocessing import ffmpeg_tool, video


@pytest.fixture(scope="module")
def night(tmp_path_factory) -> Path:
    return videos.write(tmp_path_factory.mktemp("video") / "night.mp4", [videos.draw(number) for number in range(30)])


@pytest.fixture
def clean_version():
    ffmpeg_tool.version.cache_clear()
    yield
    ffmpeg_tool.version.cache_clear()


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("first_line", "expected"),
    [
        ("ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026", (5, 1)),
        ("ffmpeg version n9.0.2-17-g2a571b6068-20260930 Copyright", (9, 0)),
        ("ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright", (4, 4)),
        ("ffmpeg version N-118193-g5f38c82536 Copyright", (999, 0)),
    ],
)
def test_versions_of_releases_distributions_and_builds_between(
    tmp_path, monkeypatch, clean_version, first_line, expected
):
    program(tmp_path / "bin", "ffmpeg", f"echo '{first_line}'")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert ffmpeg_tool.version() == expected
    assert list(ffmpeg_tool.every_frame()) == (["fps_mode"] if expected >= (5, 1) else ["vsync"])


def test_an_ffmpeg_without_vsync_gives_the_same_bytes(tmp_path, monkeypatch, clean_version, night):
    """As version 9: unknown options, and a fixed rate beside passed frames, are refused."""
    real = shutil.which("ffmpeg")
    refuse = 'for a; do case $a in -vsync|-r) echo "Unrecognized option" >&2; exit 8;; esac; done'
    program(
        tmp_path / "bin",
        "ffmpeg",
        f'[ "$1" = -version ] && {{ echo ffmpeg version 9.0; exit; }}\n{refuse}\nexec {real} "$@"',
    )
    source = video.probe(night)
    runs = []
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        samples = video.decode(source, videos.EXTRACT, tmp_path / name)
        runs.append([sample.picture.read_bytes() + sample.strip.read_bytes() for sample in samples.values()])
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        ffmpeg_tool.version.cache_clear()
    assert len(runs[0]) == 3 and runs[0] == runs[1]


@pytest.mark.parametrize(
    "name", ["21:05_20240201.mp4", "-i.mp4", "http:x.mp4", "concat:a|b.mp4", "100%d.mp4", "a b'\"ø.mp4"]
)
def test_names_mean_nothing_to_ffmpeg(tmp_path, monkeypatch, night, name):
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(night, name)
    Path("out%d").mkdir()
    samples = video.decode(video.probe(Path(name)), videos.EXTRACT, Path("out%d"))
    assert list(samples) == [0, 10, 20]
    assert all(sample.picture.is_file() for sample in samples.values())


PLAYLISTS = {
    "concat": "ffconcat version 1.0\nfile {0}\n",
    "concat with options": "ffconcat version 1.0\nfile {0}\noption format_whitelist mov\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{0}\n#EXT-X-ENDLIST\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
    "<Representation id='1'><BaseURL>{0}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.counts("hostile")
def test_a_playlist_that_poses_as_a_video_reads_no_other_file(tmp_path, night, kind):
    path = tmp_path / "night.mp4"
    path.write_text(PLAYLISTS[kind].format(night))
    with pytest.raises(InputError, match="not a readable video"):
        video.probe(path)
    output = ffmpeg_tool.source(path).output("pipe:", format="framecrc").global_args("-v", "error", "-nostdin")
    run = ffmpeg_tool.call(output.compile())
    assert run.returncode and not run.stdout


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("[out#0] Error writing trailer: No space left on device", errno.ENOSPC),
        ("sample1.jpg: Disk quota exceeded", errno.EDQUOT),
        ("sample1.jpg: Permission denied", errno.EACCES),
        ("sample1.jpg: Read-only file system", errno.EROFS),
    ],
)
def test_failures_of_the_system_are_errors_of_the_folder(tmp_path, message, number):
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        ffmpeg_tool.raise_system_failure(message.encode(), tmp_path)
    assert (caught.value.errno, caught.value.filename) == (number, str(tmp_path))
    ffmpeg_tool.raise_system_failure(b"Invalid data found when processing input", tmp_path)


def test_pictures_that_a_full_disk_cut_short_are_not_taken_for_whole(tmp_path, monkeypatch, night):
    source, call = video.probe(night), ffmpeg_tool.call

    def cut_short(command, folder=None):
        run = call(command, folder)
        if folder is None:
            return run  # ffprobe
        picture = folder / "sample2.jpg"
        picture.write_bytes(picture.read_bytes()[:-100])
        return run

    monkeypatch.setattr(ffmpeg_tool, "call", cut_short)
    with pytest.raises(OSError, match="No space left"):
        video.decode(source, videos.EXTRACT, tmp_path)


def test_a_missing_file_and_a_folder_are_told_as_such(tmp_path):
    for path in (tmp_path / "none.mp4", tmp_path):
        with pytest.raises(InputError, match="no such file"):
            video.probe(path)


def test_without_ffprobe_the_error_says_so(tmp_path, monkeypatch, night):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="ffprobe is not installed"):
        ffmpeg_tool.probe(night)


def test_a_cover_picture_is_no_video(tmp_path):
    cover, sound = tmp_path / "cover.png", tmp_path / "night.mp4"
    ffmpeg.input("color=s=64x64:d=1", f="lavfi").output(str(cover), vframes=1).run(quiet=True)
    streams = [ffmpeg.input("sine=d=0.2", f="lavfi"), ffmpeg.input(str(cover))]
    ffmpeg.output(*streams, str(sound), vcodec="png", **{"disposition:v:0": "attached_pic"}).run(quiet=True)
    with pytest.raises(InputError, match="no video stream.*give the video of a night"):
        video.probe(sound)
