"""Night videos: what their container says, which frames are sampled, and one decode that gives frames and strips.

A frame's number is its place in time, `round((pts - start) * fps)`, never a count of what the decoder gave: a frame
that the decoder drops shifts no other.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Set
from dataclasses import dataclass
from errno import ENOSPC
from fractions import Fraction
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import ffmpeg
import numpy as np

from ..config import Circle, Extract
from ..corpus import sky_circle
from ..errors import ConfigError, InputError, ToolError
from . import ffmpeg_tool, thinning
from .ffmpeg_tool import REPLACE

BLANK_SPREAD = 4.0  # levels of 255 between the 1st and the 99th percentile of a picture without a sky
BLANK_RADIUS = 0.9  # of the circle's radius: within it blankness is judged, away from its edge
BLANK_SIDE = 180  # pixels a side that are looked at, to judge blankness quickly
JPEG_END, PNG_END = b"\xff\xd9", b"IEND\xaeB`\x82"  # last bytes of a picture file that was written whole
MARGIN = 32  # pixels around a box within which the interpolation of colours reaches; a multiple of chroma blocks
_EXACT = {"flags": "bitexact+accurate_rnd+full_chroma_int"}  # swscale: the same pixels on every processor
_DECODED = re.compile(r"decoder -> .*?pts:(-?\d+) .*?keyframe:(\d) frame_type:(\d)")
_PACKET = re.compile(r"demuxer -> .*?type:video .*?pkt_pts:(-?\d+) ")
_SAMPLED = re.compile(r"showinfo.* n: *\d+ pts: *(-?\d+) ")
_DAMAGED = "corrupt decoded frame"
_B_FRAME = "3"  # AV_PICTURE_TYPE_B of libavutil/avutil.h


@dataclass(frozen=True)
class Video:
    """What the container says of a video: size in pixels, frames a second, frames, start in ticks of `time_base` s."""

    path: Path
    width: int
    height: int
    fps: Fraction
    frames: int
    start: int
    time_base: Fraction

    def number(self, ticks: int) -> int:
        """Frame number at a presentation time in ticks."""
        return nearest(self.seconds(ticks) * self.fps)

    def seconds(self, ticks: int) -> Fraction:
        """Seconds from the video's start to a presentation time in ticks."""
        return (ticks - self.start) * self.time_base


@dataclass(frozen=True)
class Sample:
    """One sampled frame as decoded: its files, its presentation time in s, and whether the decoder met damage."""

    picture: Path
    strip: Path
    pts_s: float
    is_damaged: bool


def nearest(value: Fraction) -> int:
    """The nearest whole number, the larger of two."""
    return math.floor(value + Fraction(1, 2))


def probe(path: Path) -> Video:
    """Read what a video's container promises.

    Raises
    ------
    InputError
        No video, an empty or truncated one without its index, or one without a picture stream.
    ToolError
        Ffprobe is not installed.
    """
    # V: pictures that move, not the cover of a sound file
    streams = ffmpeg_tool.probe(path, "-select_streams", "V:0", "-count_packets")["streams"]
    if not streams:
        raise InputError("this file has no video stream, only sound or data", path, "give the video of a night")
    stream = streams[0]
    fps = _frame_rate(stream)
    frames = int(stream.get("nb_frames", 0)) or int(stream.get("nb_read_packets", 0))
    if not (fps and frames and stream.get("width")):
        raise InputError("this video has no frames", path, REPLACE)
    width, height = (stream["height"], stream["width"]) if _is_sideways(stream) else (stream["width"], stream["height"])
    return Video(path, width, height, fps, frames, int(stream.get("start_pts", 0)), Fraction(stream["time_base"]))


def _frame_rate(stream: dict[str, Any]) -> Fraction:
    base, average = (
        Fraction(0) if stream[key].endswith("/0") else Fraction(stream[key])
        for key in ("r_frame_rate", "avg_frame_rate")
    )
    # the base rate has no rounding of the last frame's length in it, but may be a field rate
    return base if 0 < base < average * Fraction(3, 2) else average or base


def _is_sideways(stream: dict[str, Any]) -> bool:
    """Whether ffmpeg turns the frames by a right angle while decoding, as the display matrix asks for."""
    turns = (abs(float(side.get("rotation", 0))) % 180 for side in stream.get("side_data_list", []))
    return any(abs(turn - 90) < 1 for turn in turns)


def misplaced_box(video: Video, extract: Extract) -> tuple[str, str] | None:
    """The key of the first box (circle, crop, stamp_box) that does not lie inside the picture, and its description."""
    (x, y), radius = extract.circle.center, extract.circle.radius
    left, top, crop = *_corner(extract), extract.crop
    strip_x, strip_y, strip_width, strip_height = extract.stamp_box
    boxes = {
        "circle": (f"centre {x}, {y}, radius {radius}", (x - radius, y - radius, 2 * radius, 2 * radius)),
        "crop": (f"{crop}x{crop} at {left}, {top}", (left, top, crop, crop)),
        "stamp_box": (f"{strip_width}x{strip_height} at {strip_x}, {strip_y}", extract.stamp_box),
    }
    for key, (description, (box_x, box_y, width, height)) in boxes.items():
        inside = min(box_x, box_y) >= 0 and box_x + width <= video.width and box_y + height <= video.height
        if not inside or min(width, height) < 1:
            return key, description
    return None


def misplaced_box_error(video: Video, key: str, description: str, fix: str) -> InputError:
    """The error for a box of `misplaced_box`."""
    what = f"extract.{key} ({description}) does not lie inside the picture of {video.width}x{video.height}"
    return InputError(what, video.path, fix)


def check_size(video: Video, extract: Extract) -> None:
    """An InputError where circle, crop or time strip do not lie inside the picture."""
    if box := misplaced_box(video, extract):
        fix = "set extract.circle, extract.crop and extract.stamp_box for this size, or fetch the other size"
        raise misplaced_box_error(video, *box, fix)


def step(fps: Fraction, extract: Extract) -> Fraction:
    """Video frames between two samples: interval_s / (seconds_per_frame * nominal_fps) * fps, need not be whole."""
    interval, exposure, nominal = (
        Fraction(value).limit_denominator(10**6)
        for value in (extract.interval_s, extract.seconds_per_frame, extract.nominal_fps)
    )
    frames = interval / (exposure * nominal) * fps
    if frames < 1:
        raise ConfigError(
            f"{extract.interval_s:g} s of sky are less than one frame of a video of {float(fps):g} frames a second",
            "extract.interval_s",
            f"set it to {float(exposure * nominal / fps):g} or more",
        )
    return frames


def sample_numbers(frames: int, every: Fraction) -> list[int]:
    """Numbers of the sampled ones of `frames` frames: the k-th is the frame nearest to `k * every`."""
    numbers = (nearest(k * every) for k in range(math.floor(frames / every) + 2))
    return [number for number in numbers if number < frames]


def is_sampled(number: int, every: Fraction) -> bool:
    """Whether `sample_numbers` has this number."""
    return number == nearest(nearest(number / every) * every)


def _sampled_expression(video: Video, every: Fraction) -> str:
    """is_sampled as an expression of ffmpeg's select filter; exact, as all its whole numbers are below 2^53."""
    scale = video.time_base * video.fps
    return (
        f"st(0,floor((pts-{video.start})*{scale.numerator}/{scale.denominator}+0.5));"
        f"st(1,floor(ld(0)*{every.denominator}/{every.numerator}+0.5));"
        f"eq(ld(0),floor(ld(1)*{every.numerator}/{every.denominator}+0.5))"
    )


def _corner(extract: Extract) -> tuple[int, int]:
    x, y = extract.circle.center
    return x - extract.crop // 2, y - extract.crop // 2


def _mask(circle: Circle, crop: int) -> ffmpeg.Stream:
    """One picture, 255 inside the circle; drawn by ffmpeg, once a video."""
    inside = f"255*{sky_circle.ffmpeg_expression(circle.radius, sky_circle.extracted(crop))}"
    picture = ffmpeg.input(f"color=s={crop}x{crop}:r=1:d=1,format=gbrp", f="lavfi")
    return picture.filter("geq", r=inside, g=inside, b=inside)


def _cut(stream: ffmpeg.MultiOutputStream, video: Video, box: tuple[int, int, int, int], pixels: str) -> ffmpeg.Stream:
    """A box of the frames in another pixel format, converted with just so much around it that no pixel differs."""
    x, y, width, height = box
    left, top = (max(side - MARGIN, 0) // MARGIN * MARGIN for side in (x, y))
    right, bottom = min(x + width + MARGIN, video.width), min(y + height + MARGIN, video.height)
    near = stream.filter("crop", right - left, bottom - top, left, top, exact=1)
    return near.filter("scale", **_EXACT).filter("format", pixels).filter("crop", width, height, x - left, y - top)


def _graph(video: Video, path: Path, extract: Extract) -> ffmpeg.Stream:
    """Sample; then the time strip, and beside it crop and mask, in RGB so that all outside the circle is black."""
    left, top = _corner(extract)
    # One thread: what ffmpeg conceals damage with may depend on the order of its threads, and nights run side by side.
    source = ffmpeg_tool.source(path, threads=1, max_error_rate=1)["V:0"]
    sampled = source.filter("select", _sampled_expression(video, step(video.fps, extract))).filter(
        "showinfo", checksum=0
    )
    counted = sampled.filter("settb", "1/25").filter("setpts", "N")  # from 0, where the mask begins, without gaps
    both = counted.filter_multi_output("split")
    strip = _cut(both[0], video, extract.stamp_box, "gray")
    sky = _cut(both[1], video, (left, top, extract.crop, extract.crop), "gbrp")
    sky = ffmpeg.filter([sky, _mask(extract.circle, extract.crop)], "blend", all_mode="and")
    sky = sky.filter("scale", **_EXACT).filter("format", "yuvj420p")
    common = {"f": "image2", "enc_time_base": "1/25", "start_number": 0, "threads": 1,
              "flags": "+bitexact", "fflags": "+bitexact"} | ffmpeg_tool.every_frame()  # fmt: skip
    return ffmpeg.merge_outputs(
        strip.output("sample%d.png", vcodec="png", **common),
        sky.output("sample%d.jpg", vcodec="mjpeg", **{"q:v": extract.jpeg_quality}, **common),
    )


def decode(video: Video, extract: Extract, folder: Path) -> dict[int, Sample]:
    """Decode once; write sampled frames (masked, cropped JPG) and their time strips (grey PNG) into a folder.

    Returns the pictures by frame number; a frame that the decoder did not give is not among them. The strip is cut
    from the same decoded frame, before the mask. Pictures that no sampled one needs are passed over (`thinning`); where
    anything then is amiss, the whole video is decoded, so that damage is told as it would be without.

    Raises
    ------
    InputError
        Not one frame can be decoded.
    OSError
        The folder is full or cannot be written.
    ToolError
        Ffmpeg is missing or failed.
    """
    every = step(video.fps, extract)
    copy = folder / f"thinned{video.path.suffix}"
    blanked, wanted = thinning.thinned(video.path, lambda ticks: is_sampled(video.number(ticks), every), copy)
    if blanked:
        samples = _decode_thinned(video, copy, blanked, wanted, extract, folder)
        copy.unlink(missing_ok=True)
        if samples is not None:
            return samples
    return _decode(video, video.path, frozenset(), extract, folder)


def _decode_thinned(
    video: Video, copy: Path, blanked: Set[int], wanted: Set[int], extract: Extract, folder: Path
) -> dict[int, Sample] | None:
    """`_decode` of the thinned copy; None, and the folder as it was, where a frame is damaged or lacking."""
    try:
        samples = _decode(video, copy, blanked, extract, folder)
    except (InputError, ToolError):
        samples = {}
    numbers = {number for ticks in wanted if (number := video.number(ticks)) >= 0}  # an edit list hides those before 0
    if numbers <= set(samples) and not any(sample.is_damaged for sample in samples.values()):
        return samples
    for picture in folder.glob("sample*"):
        picture.unlink()
    return None


def _decode(video: Video, path: Path, blanked: Set[int], extract: Extract, folder: Path) -> dict[int, Sample]:
    """Decode the video as it lies at `path`, where the pictures at `blanked` (ticks) are none."""
    # -debug_ts names every decoded frame, just after the line which says that it is damaged
    command = _graph(video, path, extract).global_args(
        "-hide_banner", "-nostdin", "-nostats", "-copyts", "-debug_ts", "-loglevel", "repeat+info",
        "-filter_complex_threads", "1")  # fmt: skip
    # names relative to the folder: a percent sign in its path would count as a field of image2
    log_bytes = _checked(ffmpeg_tool.call(command.compile(), folder), video, folder)
    log = log_bytes.decode("utf-8", "replace").splitlines()
    given = [int(line[1]) for line in map(_SAMPLED.search, log) if line]
    if len(given) != len(list(folder.glob("sample*.jpg"))) or (given and not any(map(_DECODED.search, log))):
        raise ToolError("this ffmpeg does not report which frames it decoded", "ffmpeg", "use ffmpeg 5 to 9")
    damaged = damaged_numbers(video, log, {video.number(ticks) for ticks in blanked})
    samples: dict[int, Sample] = {}
    for place, ticks in enumerate(given):
        number = video.number(ticks)
        picture = Sample(folder / f"sample{place}.jpg", folder / f"sample{place}.png",
                         float(video.seconds(ticks)), number in damaged)  # fmt: skip
        samples.setdefault(number, picture)  # of two frames at one time, the first
    return samples


def _checked(run: CompletedProcess[bytes], video: Video, folder: Path) -> bytes:
    """What ffmpeg logged, once it is sure that it decoded something and wrote each picture whole."""
    ffmpeg_tool.raise_system_failure(run.stderr, folder)
    if run.returncode:
        if not _DECODED.search(run.stderr.decode("utf-8", "replace")):
            raise InputError("not one frame of this video can be decoded", video.path, REPLACE)
        what = f"ffmpeg failed: {ffmpeg_tool.reason(run.stderr)}"
        raise ToolError(what, video.path, f"see what `ffmpeg -i {video.path} -f null -` says")
    endings = {".jpg": JPEG_END, ".png": PNG_END}
    for picture in sorted(folder.glob("sample*")):
        if not picture.read_bytes().endswith(endings[picture.suffix]):
            raise OSError(ENOSPC, os.strerror(ENOSPC), str(folder))
    return run.stderr


def damaged_numbers(video: Video, log: Iterable[str], blanked: Set[int] = frozenset()) -> set[int]:
    """Numbers of the frames that are damaged or lost, by ffmpeg's `-debug_ts` log; those of `blanked` are neither.

    ffmpeg flags a frame whose own data are damaged, and gives none for a packet it cannot read. Frames predicted from
    such a frame carry the damage on, which ffmpeg does not flag: all until the next keyframe, and the B frames shown
    just before it. A flagged B frame counts with the B frames beside it only.
    Damage that happens to decode as a legal picture is not seen.
    """
    promised, decoded, flagged = set(), {}, False
    for line in log:
        if _DAMAGED in line:
            flagged = True
        elif frame := _DECODED.search(line):
            decoded[video.number(int(frame[1]))] = (frame[2] == "1", frame[3] == _B_FRAME, flagged)
            flagged = False
        elif packet := _PACKET.search(line):
            promised.add(video.number(int(packet[1])))
    lost = {number for number in promised if number >= 0} - set(decoded) - blanked  # an edit list hides those before 0
    decoded |= dict.fromkeys(lost, (False, False, True))
    damaged, carried = set(), False
    for number in sorted(decoded):
        is_keyframe, is_b, is_flagged = decoded[number]
        carried = (carried and not is_keyframe) or (is_flagged and not is_b)
        if carried or is_flagged:
            damaged.add(number)
    for order in (sorted(decoded, reverse=True), sorted(decoded)):
        beside = False
        for number in order:
            _, is_b, is_flagged = decoded[number]
            beside = (beside or is_flagged) if is_b else number in damaged
            if beside:
                damaged.add(number)
    return damaged


def spread(picture: np.ndarray, radius: float) -> float:
    """Levels between the 1st and the 99th percentile inside the circle: grey picture, uint8 (size, size)."""
    size, every = len(picture), max(1, len(picture) // BLANK_SIDE)
    inside = sky_circle.distance(size, sky_circle.extracted(size), every) <= BLANK_RADIUS * radius
    low, high = np.percentile(picture[::every, ::every][inside], [1, 99])
    return float(high - low)


def is_blank(picture: np.ndarray, radius: float) -> bool:
    """Whether a grey picture, uint8 (size, size), is uniform inside the circle about its middle: no sky at all.

    It is where 98 % of the pixels within 0.9 of the radius (pixels) lie within 4 of 255 levels. Lens, horizon and noise
    spread the smoothest of 50 real frames of four cameras, overcast ones among them, over 23.
    """
    return spread(picture, radius) <= BLANK_SPREAD
