"""Night videos: what they promise, which frames are sampled, and one decode that gives frames and time strips.

A frame's number is its place in time, `round((pts - start) * fps)`, never a count of what the decoder gave: a frame
that the decoder drops shifts no other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import ffmpeg
import numpy as np

from ..config import Circle, Extract
from ..errors import ConfigError, InputError, ToolError

REPLACE = "remove it, or fetch it again"
BLANK_SPREAD = 4.0
BLANK_RADIUS = 0.9
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


def _reason(error: ffmpeg.Error) -> str:
    lines = (error.stderr or b"").decode("utf-8", "replace").strip().splitlines()
    return "; ".join(line.strip() for line in lines[-3:]) or "it gave no reason"


def probe(path: Path) -> Video:
    """Read what a video's container promises.

    Raises
    ------
    InputError
        No video, a truncated one without its index, or one without a picture stream.
    ToolError
        Ffprobe is not installed.
    """
    try:
        streams = ffmpeg.probe(str(path), v="error", select_streams="v:0", count_packets=None)["streams"]
    except FileNotFoundError as error:
        raise ToolError("ffprobe is not installed", "ffmpeg", "install ffmpeg, or run `make setup`") from error
    except ffmpeg.Error as error:
        raise InputError(f"this is no readable video: {_reason(error)}", path, REPLACE) from error
    if not streams:
        raise InputError("this file holds no video stream", path, REPLACE)
    stream = streams[0]
    base, average = (Fraction(*map(int, stream[key].split("/"))) if not stream[key].endswith("/0") else Fraction(0)
                     for key in ("r_frame_rate", "avg_frame_rate"))  # fmt: skip
    # the base rate has no rounding of the last frame's length in it, but may be a field rate
    fps = base if 0 < base < average * Fraction(3, 2) else average or base
    frames = int(stream.get("nb_frames", 0)) or int(stream.get("nb_read_packets", 0))
    if not (fps and frames and stream.get("width")):
        raise InputError("this video holds no frames", path, REPLACE)
    turned = any(side.get("rotation", 0) % 180 for side in stream.get("side_data_list", []))  # ffmpeg turns it upright
    width, height = (stream["height"], stream["width"]) if turned else (stream["width"], stream["height"])
    return Video(path, width, height, fps, frames,
                 int(stream.get("start_pts", 0)), Fraction(stream["time_base"]))  # fmt: skip


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


def _is_sampled(video: Video, every: Fraction) -> str:
    """sample_numbers as an expression of ffmpeg's select filter; exact, as all its whole numbers are below 2^53."""
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
    """One picture, 255 where hypot(x - cx, y - cy) <= radius; drawn by ffmpeg, once a video."""
    middle = crop // 2
    inside = f"255*lte(hypot(X-{middle},Y-{middle}),{circle.radius})"
    picture = ffmpeg.input(f"color=s={crop}x{crop}:r=1:d=1,format=gbrp", f="lavfi")
    return picture.filter("geq", r=inside, g=inside, b=inside)


def _graph(video: Video, extract: Extract, folder: Path) -> ffmpeg.Stream:
    """Sample; then the time strip, and beside it crop and mask, in RGB so that all outside the circle is black."""
    left, top = _corner(extract)
    x, y, width, height = extract.stamp_box
    # One thread: what ffmpeg conceals damage with may depend on the order of its threads, and nights run side by side.
    source = ffmpeg.input(str(video.path), threads=1, max_error_rate=1).video
    sampled = source.filter("select", _is_sampled(video, step(video.fps, extract))).filter("showinfo", checksum=0)
    counted = sampled.filter("settb", "1/25").filter("setpts", "N")  # from 0, where the mask begins, without gaps
    both = counted.filter_multi_output("split")
    strip = both[0].filter("scale", **_EXACT).filter("format", "gray").filter("crop", width, height, x, y)
    sky = both[1].filter("scale", **_EXACT).filter("format", "gbrp")
    sky = sky.filter("crop", extract.crop, extract.crop, left, top)
    sky = ffmpeg.filter([sky, _mask(extract.circle, extract.crop)], "blend", all_mode="and")
    sky = sky.filter("scale", **_EXACT).filter("format", "yuvj420p")
    common = {"f": "image2", "vsync": "passthrough", "r": 25, "start_number": 0, "threads": 1,
              "flags": "+bitexact", "fflags": "+bitexact"}  # fmt: skip
    return ffmpeg.merge_outputs(
        strip.output(f"{folder}/sample%d.png", vcodec="png", **common),
        sky.output(f"{folder}/sample%d.jpg", vcodec="mjpeg", **{"q:v": extract.jpeg_quality}, **common),
    )


def decode(video: Video, extract: Extract, folder: Path) -> dict[int, Sample]:
    """Decode once; write sampled frames (masked, cropped JPG) and their time strips (grey PNG) into a folder.

    Returns the pictures by frame number; a frame that the decoder did not give is not among them. The strip is cut
    from the same decoded frame, before the mask.

    Raises
    ------
    InputError
        Not one frame can be decoded.
    ToolError
        Ffmpeg is missing or failed.
    """
    # -debug_ts names every decoded frame, just after the line which says that it is damaged
    command = _graph(video, extract, folder).global_args(
        "-hide_banner", "-nostdin", "-nostats", "-copyts", "-debug_ts", "-loglevel", "repeat+info",
        "-filter_complex_threads", "1")  # fmt: skip
    try:
        _, stderr = command.run(capture_stdout=True, capture_stderr=True)
    except FileNotFoundError as error:
        raise ToolError("ffmpeg is not installed", "ffmpeg", "install it, or run `make setup`") from error
    except ffmpeg.Error as error:
        if not _DECODED.search(error.stderr.decode("utf-8", "replace")):
            raise InputError("not one frame of this video can be decoded", video.path, REPLACE) from error
        raise ToolError(f"ffmpeg failed: {_reason(error)}", video.path, "see whether the video plays") from error
    log = stderr.decode("utf-8", "replace").splitlines()
    told = [int(found[1]) for found in map(_SAMPLED.search, log) if found]
    if len(told) != len(list(folder.glob("sample*.jpg"))) or (told and not any(map(_DECODED.search, log))):
        raise ToolError("this ffmpeg does not tell which frames it gave", "ffmpeg", "use ffmpeg 5, 6 or 7")
    damaged = damaged_numbers(video, log)
    samples: dict[int, Sample] = {}
    for place, ticks in enumerate(told):
        number = video.number(ticks)
        picture = Sample(folder / f"sample{place}.jpg", folder / f"sample{place}.png",
                         float(video.seconds(ticks)), number in damaged)  # fmt: skip
        samples.setdefault(number, picture)  # of two frames at one time, the first
    return samples


def damaged_numbers(video: Video, log: Iterable[str]) -> set[int]:
    """Numbers of the frames that are damaged or lost, by ffmpeg's `-debug_ts` log.

    ffmpeg flags a frame whose own data are damaged, and gives none for a packet it cannot read. Frames predicted from
    such a frame carry the damage on, which ffmpeg does not flag: all until the next keyframe, and the B frames shown
    just before it. A flagged B frame counts with the B frames beside it only.
    Damage that happens to decode as a legal picture is not seen.
    """
    promised, decoded, flagged = set(), {}, False
    for line in log:
        if _DAMAGED in line:
            flagged = True
        elif found := _DECODED.search(line):
            decoded[video.number(int(found[1]))] = (found[2] == "1", found[3] == _B_FRAME, flagged)
            flagged = False
        elif found := _PACKET.search(line):
            promised.add(video.number(int(found[1])))
    lost = {number for number in promised if number >= 0} - set(decoded)  # an edit list hides those before 0
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


def is_blank(picture: np.ndarray, radius: float) -> bool:
    """Whether a grey picture, uint8 (size, size), is uniform inside the circle about its middle: no sky at all.

    It is where 98 % of the pixels within 0.9 of the radius (pixels) lie within 4 of 255 levels. Lens, horizon and noise
    spread the smoothest of 50 real frames of four cameras, overcast ones among them, over 23.
    """
    size, thin = len(picture), max(1, len(picture) // 180)
    row, column = np.mgrid[:size:thin, :size:thin] - size // 2
    low, high = np.percentile(picture[::thin, ::thin][np.hypot(row, column) <= BLANK_RADIUS * radius], [1, 99])
    return bool(high - low <= BLANK_SPREAD)
