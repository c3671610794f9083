"""What a person should know about the times of a night, in phrases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from ...tables.times import TimeStatus
from .confirmation import Confirmed
from .placed import Placed
from .readings import Reading, zone_min
from .timeline import AGREEING

PACE_NOTE = 0.005
"""Share by which a clock is faster or slower than the settings from which a person should know."""


def on_steps(confirmed: Confirmed) -> list[str]:
    """The clock's steps at breaks: forward, which gaps look like, and back."""
    anchors, segment, model = confirmed.anchors, confirmed.segment, confirmed.model
    joints = np.flatnonzero(np.diff(segment[anchors]) != 0)
    steps = [round(model[anchors[joint + 1]] - model[anchors[joint]]) for joint in joints]
    gaps = ", ".join(f"{step} s" for step in steps if step > 0)
    backward = ", ".join(f"{-step} s" for step in steps if step < 0)
    return [f"gaps of {gaps}"] * bool(gaps) + [f"the clock was set back by {backward}"] * bool(backward)


def on_pace(confirmed: Confirmed, placed: Sequence[Placed], elapsed_s: np.ndarray, tolerance_s: float) -> list[str]:
    """A clock whose pace is not that of the settings, and exposures at uneven times."""
    notes = []
    drift = sum(float(clock.offset[-1] - clock.offset[0]) for clock in confirmed.clocks)
    passed = sum(float(clock.elapsed_s[-1] - clock.elapsed_s[0]) for clock in confirmed.clocks)
    if abs(drift) > max(PACE_NOTE * passed, 2 * tolerance_s):
        frame_s = float(np.median(np.diff(elapsed_s)))
        notes.append(f"printed times advance by {frame_s * (1 + drift / passed):.4g} s a frame where "
                     f"extract.seconds_per_frame makes it {frame_s:g} s")  # fmt: skip
    late = [abs(placed[number].residual_s or 0) for number in confirmed.anchors]
    uneven = [deviation for deviation in late if deviation > tolerance_s]
    if uneven:
        notes.append(f"{len(uneven)} printed times lie up to {max(uneven):.0f} s off an even clock and are kept")
    return notes


def on_zones(placed: Sequence[Placed], readings: Sequence[Sequence[Reading]], zone: ZoneInfo) -> list[str]:
    """Zones that the rules of the site do not have then, and names that are no configured zone."""
    contrary, unknown = 0, Counter[str]()
    for place, alternatives in zip(placed, readings, strict=True):
        if place.time_status != TimeStatus.READ or place.seconds is None or not alternatives:
            continue
        contrary += place.utc_offset_min != zone_min(place.seconds, zone)
        name = alternatives[0].unknown_zone
        if name and datetime.fromtimestamp(place.seconds, zone).tzname() != name:
            unknown[name] += 1
    notes = []
    if contrary:
        notes.append(f"{contrary} frames print a zone that {zone.key} does not have then; the printed one decides")
    for name, count in unknown.most_common(1):
        if count >= AGREEING:
            notes.append(f"{count} frames print '{name}', which ocr_utc.zones does not hold; {zone.key} decides")
    return notes


def on_changes(undecided: np.ndarray, unchanged_from: datetime | None, zone: ZoneInfo) -> list[str]:
    """Times that the changes of clocks leave open."""
    notes = []
    if count := np.count_nonzero(undecided):
        notes.append(f"{count} frames lie in the hour that comes twice in {zone.key}, without a printed zone: no time")
    if unchanged_from:
        notes.append(
            f"times from {unchanged_from:%H:%M} are printed, which {zone.key} skips: the clock was not put forward"
        )
    return notes
