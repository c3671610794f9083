"""A params file for a camera, proposed from its frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..config import Circle
from ..errors import DataError
from ..prediction.find_circle import find_circle
from ..preprocessing.video_names import VIDEOS, is_date
from .frames import Frames
from .stamp_box import StampBox, find_stamp_box

UTC_NAMES = ("UTC", "UT", "GMT", "Z")
MOST_TEXTS = 4
INTERVAL_S = 60.0  # the study takes a frame a minute


@dataclass(frozen=True)
class Proposal:
    """The results for a camera; None where there is none.

    Parameters
    ----------
    circle
        In full, even where the sensor cuts it.
    seconds_per_frame
        Sky time of one frame of the video by the printed times.
    """

    frames: Frames
    circle: Circle | None
    stamp_box: StampBox | None
    seconds_per_frame: float | None

    @property
    def whole_circle(self) -> Circle | None:
        """The circle as `extract` can use it: made smaller where it leaves the picture."""
        if self.circle is None:
            return None
        (x, y), (width, height) = self.circle.center, self.frames.size
        return self.circle.model_copy(update={"radius": max(1, min(self.circle.radius, x, y, width - x, height - y))})

    @property
    def missing(self) -> list[str]:
        """What has to be given by hand, in phrases."""
        phrases = []
        if self.circle is None:
            phrases.append("no sky circle found: set extract.circle to its centre and radius in pixels")
        if self.stamp_box is None:
            phrases.append("no printed date and time found: set extract.stamp_box to x, y, width, height of their box")
        elif not self.stamp_box.legible:
            phrases.append("ocr_utc cannot read the time in the box: look at the strips, and try a tighter box")
        elif not self.stamp_box.changes and len(self.frames.pictures) > 1:
            phrases.append("the printed time is the same in all frames: check that it is a clock")
        return phrases


def propose(frames: Frames) -> Proposal:
    """Look for the sky circle, then for the time beside it, then for the pace of the clock."""
    try:
        circle = find_circle(frames.pictures)
    except DataError:
        circle = None
    stamp_box = find_stamp_box(frames.pictures, circle)
    return Proposal(frames, circle, stamp_box, _pace(frames.numbers, stamp_box))


def summary(proposal: Proposal) -> list[str]:
    """What was found and read, and what has to be given by hand, a line each."""
    width, height = proposal.frames.size
    lines = [f"{len(proposal.frames.pictures)} frames of {width}x{height}"]
    if proposal.circle:
        cut = ", cut by the sensor" if proposal.circle != proposal.whole_circle else ""
        lines.append(f"sky circle: centre {proposal.circle.center}, radius {proposal.circle.radius}{cut}")
    if box := proposal.stamp_box:
        lines.append(f"time: box {list(box.box)}, read in {box.legible} of {len(box.texts)} frames")
        lines += [f"  '{text}'" for text in box.texts[:MOST_TEXTS]]
    if proposal.seconds_per_frame:
        lines.append(f"pace: {proposal.seconds_per_frame:g} s of sky a frame")
    return [*lines, *(f"To do: {phrase}" for phrase in proposal.missing)]


def _pace(numbers: Sequence[int], stamp_box: StampBox | None) -> float | None:
    """Seconds of sky between two frames of a video, by the median of the times printed on pairs of frames."""
    if not numbers or stamp_box is None:
        return None
    timed = [(number, time.local) for number, time in zip(numbers, stamp_box.times, strict=True) if time]
    paces = [(later - earlier).total_seconds() / (b - a) for (a, earlier), (b, later) in pairwise(timed) if b > a]
    pace = float(np.median(paces)) if paces else 0.0
    return round(pace, 1) if pace > 0 else None


def file_pattern(name: str) -> str | None:
    """`extract.file_pattern` for a video's name: its date becomes a field, long numbers `*`; None without a date."""
    stem, dot, ending = name.rpartition(".")
    for date in re.finditer(r"(?<!\d)(\d{4})([-_.]?)(\d\d)\2(\d\d)(?!\d)", stem):
        year, mark, month, day = date.groups()
        if is_date(year + month + day):
            field = f"{{year}}{mark}{{month}}{mark}{{day}}" if mark else "{night}"
            return f"{_literal(stem[: date.start()])}{field}{_literal(stem[date.end() :])}{dot}{ending}"
    return None


def _literal(text: str) -> str:
    """A part of a name as a glob: what globs read otherwise is any character, a serial number or time anything."""
    return re.sub(r"\d{4,}", "*", re.sub(r"[\[*?{}\"\\]", "?", text))


def params_text(proposal: Proposal, arguments: str) -> str:
    """The params file as YAML; what has to be filled in or checked stands in comments."""
    return "\n".join(
        [
            f"# Proposed by `aurora camera {' '.join(arguments.split())}`.",
            "# Check the circle and the box in the picture beside this file.",
            *(f"# To do: {phrase}." for phrase in proposal.missing),
            "",
            "# To do: where the camera stands. Without it the site is that of AuroraMAX, Yellowknife.",
            "# site: {latitude: 69.65, longitude: 18.95, elevation_m: 100, timezone: Europe/Oslo}",
            "",
            "extract:",
            *_pace_lines(proposal),
            *_circle_lines(proposal),
            *_box_lines(proposal.stamp_box),
            *_ocr_lines(proposal.stamp_box),
            "",
        ]
    )


def _pace_lines(proposal: Proposal) -> list[str]:
    frames, pace = proposal.frames, proposal.seconds_per_frame
    if frames.path.suffix.lower() not in VIDEOS:
        return []
    pattern, unknown = file_pattern(frames.path.name), "  # to do:"
    return [
        f'  file_pattern: "{pattern}"' if pattern else f'{unknown} file_pattern: "*{{night}}*.mp4"',
        f"  seconds_per_frame: {pace:g}   # sky time of one video frame, by the printed times"
        if pace
        else f"{unknown} seconds_per_frame: 60   # sky time of one video frame",
        f"  nominal_fps: {float(frames.fps):g}",
        f"  interval_s: {max(INTERVAL_S, pace or 0):g}",
    ]


def _circle_lines(proposal: Proposal) -> list[str]:
    circle = proposal.whole_circle
    if circle is None:
        (width, height) = proposal.frames.size
        example = f"{{center: [{width // 2}, {height // 2}], radius: {min(width, height) // 2}}}"
        return [f"  # to do: circle: {example}   # centre and radius of the sky, pixels"]
    (x, y), radius = circle.center, circle.radius
    comment = "   # the largest inside the picture, whose sensor cuts the circle" if circle != proposal.circle else ""
    return [f"  circle: {{center: [{x}, {y}], radius: {radius}}}{comment}", f"  crop: {2 * radius}"]


def _box_lines(stamp_box: StampBox | None) -> list[str]:
    if stamp_box is None:
        return ["  # to do: stamp_box: [0, 0, 300, 30]   # x, y, width, height of the printed time, pixels"]
    return [f"  stamp_box: [{', '.join(map(str, stamp_box.box))}]"]


def _ocr_lines(stamp_box: StampBox | None) -> list[str]:
    times = [time for time in stamp_box.times if time] if stamp_box else []
    if not times:
        return []
    forms, zones = [time.form for time in times], [time.zone for time in times]
    form, zone = (max(sorted(set(values)), key=values.count) for values in (forms, zones))
    lines = ["", "ocr_utc:", f'  formats: ["{form}"]']
    if zone.upper() in UTC_NAMES:
        return [*lines, f"  zones: {{{zone}: 0}}"]
    if zone:
        return [*lines, f"  # to do: zones: {{{zone.partition('/')[0]}: 0}}   # hours from UTC of the printed zone"]
    return [*lines, "  zones: {}   # none is printed: times are those of site.timezone"]
