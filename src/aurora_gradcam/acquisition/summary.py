"""What is printed when all nights have been tried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rich.filesize import decimal

from ..errors import InputError
from .addresses import joined
from .fetch import Fetched, State

WORDS = {"there": "already there"}  # the other states are words of their own
ABSENT: tuple[State, ...] = ("damaged", "failed", "missing")


def counts(fetched: Fetched) -> str:
    """`3 fetched, 1 already there`; what did not happen is left out."""
    numbers = {state: len(fetched.nights(state)) for state in ("fetched", "there", *ABSENT)}
    return ", ".join(f"{number} {WORDS.get(state, state)}" for state, number in numbers.items() if number) or "none"


def reasons(fetched: Fetched, state: State) -> list[str]:
    """`2024-02-03 to 2024-02-05: HTTP 403 Forbidden`, a line a reason."""
    by_reason: dict[str, list[date]] = {}
    for night in fetched.nights(state):
        by_reason.setdefault(fetched.outcomes[night].reason, []).append(night)
    return [f"{joined(nights)}: {reason}" if reason else joined(nights) for reason, nights in by_reason.items()]


def absent(fetched: Fetched) -> list[str]:
    """The nights that did not come, and why."""
    return [f"{state}: {line}" for state in ABSENT for line in reasons(fetched, state)]


def lines(fetched: Fetched, seconds: float) -> list[str]:
    """The summary: counts, bytes and time; then the nights that did not come."""
    rate = f" ({decimal(int(fetched.received / seconds))}/s)" if fetched.received else ""
    first = f"{counts(fetched)}; {decimal(fetched.received)} in {seconds:.0f} s{rate}"
    return [first] + [f"  {line}" for line in absent(fetched)]


def check_some(fetched: Fetched, patterns: Sequence[str]) -> None:
    """An InputError that says why, when not one night is there."""
    if fetched.nights("fetched", "there"):
        return
    raise InputError(
        f"not one of {len(fetched.outcomes)} nights came: {'; '.join(absent(fetched))}",
        patterns[0],
        "check that the archive has these nights (`--dry-run` prints the addresses), or give `--address`",
    )
