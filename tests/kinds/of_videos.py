"""Videos as they come from cameras, archives, other programs, and broken transfers."""

from __future__ import annotations

import gzip
import io
import logging
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ffmpeg
import numpy as np
from PIL import Image

import videos
from aurora_gradcam import logs
from aurora_gradcam.config import Params
from aurora_gradcam.corpus import archive
from aurora_gradcam.preprocessing import extract
from aurora_gradcam.tables.frames import FRAMES_TABLE

from . import Kind, Refused

MONTH, NIGHT, OTHER = "2024-02", "20240201", "20240202"
FOLDER = extract.RAW / MONTH
NAME = f"simulatedHD_{NIGHT}_720p.mp4"
FRAMES = 40
NUMBERS = [0, 10, 20, 30]
OK = ["ok"] * 4
SIDEWAYS = {"circle": {"center": [36, 56], "radius": 30}, "stamp_box": [0, 0, 30, 13]}
"""For the picture on its side."""


@cache
def plain() -> bytes:
    """A sound video of four minutes, its index at the end."""
    with TemporaryDirectory() as folder:
        return videos.write(Path(folder) / NAME, [videos.draw(number) for number in range(FRAMES)]).read_bytes()


def number_in(content: bytes) -> int:
    with Image.open(io.BytesIO(content)) as picture:
        return videos.number_in(np.asarray(picture.convert("L")))


def extracted(pattern: str = "*HD_{night}_720p.mp4", **settings: Any) -> tuple[list[str], list[int], list[str]]:
    """Statuses of a month's frames, the numbers drawn in those that are ok, and the first words of the warnings."""
    params = Params(months=(MONTH,), extract=videos.EXTRACT.model_copy(update={"file_pattern": pattern}))
    if settings:
        tree = params.extract.model_dump() | settings
        params = Params(months=(MONTH,), extract=type(params.extract).model_validate(tree))
    with logs.collected(logging.WARNING) as records:
        extract.run(params, MONTH)
    rows = FRAMES_TABLE.read(MONTH)
    good = rows[rows["status"] == "ok"]
    numbers = [
        number_in(archive.read_member(archive.night_path(archive.FRAMES, night), member))
        for night, member in zip(good["night"], good["member"], strict=True)
    ]
    return rows["status"].tolist(), numbers, [record.getMessage() for record in records]


def result(**settings: Any) -> tuple[list[str], list[int] | None]:
    """Statuses and numbers; None for numbers that stand upside down or sideways."""
    statuses, numbers, _ = extracted(**settings)
    return statuses, None if settings.get("circle") else numbers


def whole(content: Callable[[], bytes], name: str = NAME, **settings: Any) -> Callable[[Path], Any]:
    """Extract the month of one file."""

    def act(_: Path) -> Any:
        FOLDER.mkdir(parents=True)
        (FOLDER / name).write_bytes(content())
        return result(**settings)

    return act


def converted(
    name: str = NAME, inputs: dict | None = None, *others: ffmpeg.Stream, settings: dict | None = None, **options: Any
) -> Callable[[Path], Any]:
    """Extract the month of what ffmpeg makes of the plain video."""

    def act(folder: Path) -> Any:
        FOLDER.mkdir(parents=True)
        (folder / "plain.mp4").write_bytes(plain())
        streams = [ffmpeg.input(str(folder / "plain.mp4"), **(inputs or {})), *others]
        ffmpeg.output(*streams, str(FOLDER / name), **options).global_args("-v", "error").run()
        pattern = {} if name == NAME else {"pattern": "*{night}_720p" + Path(name).suffix}
        return result(**pattern, **(settings or {}))

    return act


def named(ending: str) -> str:
    return Path(NAME).with_suffix(ending).name


def drawn(frames: Callable[[], list[np.ndarray]], **options: Any) -> Callable[[Path], Any]:
    def act(_: Path) -> Any:
        videos.write(FOLDER / NAME, frames(), **options)
        return result()

    return act


def made(source: str, name: str = NAME, **options: Any) -> Callable[[Path], Any]:
    """Extract what ffmpeg makes of one of its own sources."""

    def act(_: Path) -> Any:
        FOLDER.mkdir(parents=True)
        command = ffmpeg.input(source, f="lavfi").output(str(FOLDER / name), **options)
        command.global_args("-v", "error").run()
        return result()

    return act


def damaged(packet: int, skip: int = 0) -> Callable[[Path], Any]:
    def act(_: Path) -> Any:
        FOLDER.mkdir(parents=True)
        (FOLDER / NAME).write_bytes(plain())
        videos.damage(FOLDER / NAME, packet, skip)
        return result(max_bad_fraction=1.0)

    return act


def halved_index_first(folder: Path, **settings: Any) -> Any:
    FOLDER.mkdir(parents=True)
    (folder / "plain.mp4").write_bytes(plain())
    command = ffmpeg.input(str(folder / "plain.mp4")).output(str(FOLDER / NAME), c="copy", movflags="+faststart")
    command.global_args("-v", "error").run()
    content = (FOLDER / NAME).read_bytes()
    (FOLDER / NAME).write_bytes(content[: len(content) * 6 // 10])
    return result(**settings)


def sound_first(folder: Path) -> Any:
    return beside(folder, ffmpeg.input("sine=d=1.6", f="lavfi"), **{"c:v": "copy"})


def cover_first(folder: Path) -> Any:
    cover = ffmpeg.input("color=c=red:s=48x48:d=0.04", f="lavfi")
    return beside(folder, cover, vcodec="mjpeg", **{"c:v:1": "copy", "disposition:v:0": "attached_pic"})


def beside(folder: Path, other: ffmpeg.Stream, **options: Any) -> Any:
    """Extract a video whose file begins with another stream."""
    FOLDER.mkdir(parents=True)
    (folder / "plain.mp4").write_bytes(plain())
    command = ffmpeg.output(other, ffmpeg.input(str(folder / "plain.mp4"))["v"], str(FOLDER / NAME), **options)
    command.global_args("-v", "error").run()
    return result()


def two_files(first: str, second: str) -> Callable[[Path], Any]:
    def act(_: Path) -> Any:
        FOLDER.mkdir(parents=True)
        for name in (first, second):
            (FOLDER / name).write_bytes(plain())
        return extracted()

    return act


def linked(target: str) -> Callable[[Path], Any]:
    """A sound video, and a link as DVC's cache of the type symlink makes it."""

    def act(folder: Path) -> Any:
        FOLDER.mkdir(parents=True)
        (FOLDER / NAME).write_bytes(plain())
        (folder / "cache.mp4").write_bytes(plain() + b"\x00\x00\x00\x08free")
        (FOLDER / NAME.replace(NIGHT, OTHER)).symlink_to(folder / target)
        return result()

    return act


def no_month(_: Path) -> Any:
    return result()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(NAME, plain())
    return buffer.getvalue()


def pictures(*brightness: float) -> Callable[[], list[np.ndarray]]:
    """Frames ten by ten, each ten of one brightness."""
    return lambda: [videos.draw(number, brightness[number // 10]) for number in range(10 * len(brightness))]


def frozen() -> list[np.ndarray]:
    return [videos.draw(7)] * FRAMES


def framed(width: int, height: int) -> Callable[[], list[np.ndarray]]:
    """The drawn frames within a larger picture."""
    return lambda: [
        np.pad(videos.draw(number), ((0, height - videos.HEIGHT), (0, width - videos.WIDTH)), "edge")
        for number in range(FRAMES)
    ]


SOUND = ffmpeg.input("sine=d=1.6", f="lavfi")
GOOD = (OK, NUMBERS)
COPY_WARNING = f"{MONTH}: the nights {NIGHT}, {OTHER} have one and the same video"
PAGE = b"<!DOCTYPE html><html><head><title>404 Not Found</title></head><body>Not Found</body></html>"
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n../../../cache.mp4\n#EXT-X-ENDLIST\n"
CONCAT = b"ffconcat version 1.0\nfile ../../../cache.mp4\n"
ROTATED = {"c": "copy", "metadata:s:v:0": "rotate=90"}

KINDS = [
    Kind("a sound video", whole(plain), GOOD),
    Kind("zero bytes", whole(lambda: b""), Refused(r"is empty \(0 bytes\).*fetch or copy it again")),
    Kind("one byte", whole(lambda: b"\x00"), Refused("not a readable video")),
    Kind("text", whole(lambda: b"no video at all\n" * 50), Refused("not a readable video")),
    Kind("a page of an archive that says 404", whole(lambda: PAGE), Refused("not a readable video")),
    Kind("zeros, as a disk that lost power leaves", whole(lambda: bytes(50_000)), Refused("not a readable video")),
    Kind("packed by gzip", whole(lambda: gzip.compress(plain())), Refused("not a readable video")),
    Kind("packed into a zip", whole(zipped), Refused("not a readable video")),
    Kind("cut off before its index", whole(lambda: plain()[:-2000]), Refused("moov atom not found.*fetch or copy")),
    Kind("cut off behind its index", halved_index_first, Refused("frames are bad.*max_bad_fraction")),
    Kind("a playlist that poses as a video", whole(lambda: PLAYLIST), Refused("not a readable video")),
    Kind("a list of files that poses as a video", whole(lambda: CONCAT), Refused("not a readable video")),
    Kind("no index: fragments", converted(c="copy", movflags="+frag_keyframe+empty_moov"), GOOD),
    Kind("no index: a stream as it was recorded", converted(named(".mkv"), c="copy", live=1), GOOD),
    Kind("MPEG-4 part 2", converted(vcodec="mpeg4", **{"q:v": 2}), GOOD),
    Kind("HEVC", converted(vcodec="libx265", crf=8, preset="ultrafast", **{"x265-params": "log-level=none"}), GOOD),
    Kind("VP9 in WebM", converted(named(".webm"), vcodec="libvpx-vp9", crf=10, deadline="realtime"), GOOD),
    Kind("Motion JPEG in AVI", converted(named(".avi"), vcodec="mjpeg", **{"q:v": 2}), GOOD),
    Kind("ProRes, 10 bits, in MOV", converted(named(".mov"), vcodec="prores_ks"), GOOD),
    Kind("FFV1, grey of 16 bits", converted(named(".mkv"), vcodec="ffv1", pix_fmt="gray16le"), GOOD),
    Kind("RGB without loss", converted(named(".mkv"), vcodec="ffv1", pix_fmt="gbrp"), GOOD),
    Kind("MPEG-2, interlaced", converted(named(".mpg"), vcodec="mpeg2video", flags="+ilme+ildct", **{"q:v": 2}), GOOD),
    Kind("a recorder's transport stream", converted(named(".ts"), c="copy"), Refused("no video named like")),
    Kind("an ending in capitals", whole(plain, NAME.replace(".mp4", ".MP4")), GOOD),
    Kind("odd sizes", drawn(framed(113, 73), pix_fmt="yuv444p"), GOOD),
    Kind("a much larger picture", drawn(framed(640, 480)), GOOD),
    Kind("a smaller picture", converted(vf="scale=56:36"), Refused(r"does not lie inside the picture of 56x36")),
    Kind("one frame", converted(vcodec="libx264", crf=10, vframes=1), (["ok"], [0])),
    Kind("two frames", converted(vcodec="libx264", crf=10, vframes=2), (["ok"], [0])),
    Kind("no frame", made("nullsrc=s=112x72:d=0", vcodec="libx264"), Refused("no video stream|has no frames")),
    Kind("30 frames a second", drawn(lambda: [videos.draw(k) for k in range(48)], fps="30"), (OK, [0, 12, 24, 36])),
    Kind(
        "NTSC film",
        drawn(lambda: [videos.draw(k) for k in range(40)], fps="24000/1001"),
        (["ok"] * 5, [0, 10, 19, 29, 38]),
    ),
    Kind(
        "one frame a second", drawn(lambda: [videos.draw(k) for k in range(4)], fps="1"), Refused("interval_s.*or more")
    ),
    Kind(
        "a pause of ten frames",
        converted(
            vf="setpts=N/25/TB+if(gte(N\\,15)\\,0.4/TB\\,0)",
            fps_mode="passthrough",
            vcodec="libx264",
            crf=10,
            settings={"max_bad_fraction": 1.0},
        ),
        (["ok", "ok", "missing", "ok", "ok"], [0, 10, 20, 30]),
    ),
    Kind("it does not start at zero", converted(c="copy", output_ts_offset=5), GOOD),
    Kind("no list of edits", converted(c="copy", use_editlist=0), GOOD),
    Kind("shown on its side", converted(**ROTATED), Refused("does not lie inside the picture of 72x112")),
    Kind("shown on its side, with boxes for it", converted(**ROTATED, settings=SIDEWAYS), (OK, None)),
    Kind("with sound", converted(NAME, None, SOUND, **{"c:v": "copy"}), GOOD),
    Kind("sound first", sound_first, GOOD),
    Kind("a cover picture first", cover_first, GOOD),
    Kind("sound alone", made("sine=d=0.3"), Refused("no video stream.*give the video")),
    Kind(
        "two nights with the same video",
        two_files(NAME, NAME.replace(NIGHT, OTHER)),
        (OK * 2, NUMBERS * 2, [COPY_WARNING]),
    ),
    Kind("two videos of a night", two_files(NAME, f"x{NAME}"), Refused(f"a second video of the night {NIGHT}")),
    Kind("of another month", whole(plain, NAME.replace(NIGHT, "20240301")), Refused("no night of 2024-02")),
    Kind("a date that there is not", whole(plain, NAME.replace(NIGHT, "20240231")), Refused("no night of 2024-02")),
    Kind("no folder of that month", no_month, Refused("no video named like")),
    Kind("a link to a video elsewhere", linked("cache.mp4"), (OK * 2, NUMBERS * 2)),
    Kind("a link that leads nowhere", linked("gone.mp4"), Refused("leads nowhere")),
    Kind("a camera that hangs", drawn(frozen), (OK, [7] * 4)),
    Kind("black throughout", drawn(pictures(0, 0, 0, 0)), Refused("4 of 4 frames are bad: 4 blank")),
    Kind(
        "black for a while",
        drawn(pictures(1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1)),
        (["ok"] * 5 + ["blank"] + ["ok"] * 5, [0, 10, 20, 30, 40, 60, 70, 80, 90, 100]),
    ),
    Kind("a frame that is lost", damaged(30), (["ok", "ok", "ok", "missing"], [0, 10, 20])),
    Kind("a frame that is damaged", damaged(30, 60), (["ok", "ok", "ok", "corrupt"], [0, 10, 20])),
    Kind("spaces, quotes and letters in its name", whole(plain, f"Tromsø 'sky' %d HD_{NIGHT}_720p.mp4"), GOOD),
    Kind("a line end in its name", whole(plain, f"a\nHD_{NIGHT}_720p.mp4"), GOOD),
]
