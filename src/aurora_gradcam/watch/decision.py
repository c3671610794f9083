"""Whether there is aurora now: k of the last n pictures, with two levels of P(yes), so that it does not flap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ..config import Watch


class Change(StrEnum):
    """What a picture changed."""

    NONE = ""
    BEGINS = "aurora_begins"
    ENDS = "aurora_ends"


@dataclass(frozen=True)
class Decision:
    """What is held true, and times and P(yes) of the usable pictures since it last changed, at most `window`."""

    is_aurora: bool = False
    recent: tuple[tuple[datetime, float], ...] = ()


def forget(decision: Decision) -> tuple[Decision, Change]:
    """The decision when nothing is known of the sky any more."""
    return Decision(), Change.ENDS if decision.is_aurora else Change.NONE


def is_gap(before: datetime, after: datetime, rule: Watch) -> bool:
    """Whether two pictures lie too far apart to belong together, also where the clock was set back."""
    return abs((after - before).total_seconds()) > rule.max_gap_s


def decide(decision: Decision, utc: datetime, p_aurora: float, rule: Watch) -> tuple[Decision, Change]:
    """The decision after one more usable picture of no gap from the one before (`is_gap`).

    Aurora begins once `begin` of the last `window` pictures have P(yes) of `p_begin` or more, and ends once `end` of
    them have less than `p_end`. Only pictures since the last change count: no event is shorter than `end` pictures,
    and no pause shorter than `begin`.
    """
    recent = (*decision.recent, (utc, p_aurora))[-rule.window :]
    if decision.is_aurora:
        if sum(p < rule.p_end for _, p in recent) >= rule.end:
            return Decision(), Change.ENDS
    elif sum(p >= rule.p_begin for _, p in recent) >= rule.begin:
        return Decision(is_aurora=True), Change.BEGINS
    return replace(decision, recent=recent), Change.NONE


def first_sight(decision: Decision, utc: datetime, rule: Watch) -> datetime:
    """When the aurora was first seen that begins with the picture of `utc`."""
    seen = [time for time, p in decision.recent[-rule.window + 1 :] if p >= rule.p_begin] if rule.window > 1 else []
    return seen[0] if seen else utc
