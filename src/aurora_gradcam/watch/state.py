"""The night's state: one file, written whole, from which a restarted watch goes on."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import write_text
from .decision import Decision
from .event import Event, from_iso, from_row, iso

logger = logging.getLogger(__name__)

STATE = "state.json"
VERSION = 1
DIGESTS = 64
"""Pictures by whose content a repeated one is known."""
EVENTS = 200
"""Of the night that are kept in memory and file."""


@dataclass
class State:
    """What must survive a restart; messages that are not delivered yet too, so that none is lost or told twice."""

    night: str = ""
    decision: Decision = field(default_factory=Decision)
    event: Event | None = None
    events: list[Event] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    stamp: float = 0.0
    last_utc: datetime | None = None
    kept_utc: datetime | None = None
    is_asleep: bool = False
    pending: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def tree(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "version": VERSION,
            "night": self.night,
            "is_aurora": self.decision.is_aurora,
            "recent": [[utc.isoformat(), p] for utc, p in self.decision.recent],
            "event": self.event.row() if self.event else None,
            "events": [event.row() for event in self.events[-EVENTS:]],
            "digests": self.digests[-DIGESTS:],
            "stamp": self.stamp,
            "last_utc": self.last_utc.isoformat() if self.last_utc else None,
            "kept_utc": iso(self.kept_utc) if self.kept_utc else None,
            "is_asleep": self.is_asleep,
            "pending": self.pending,
            "counts": self.counts,
        }


def from_tree(tree: dict[str, Any]) -> State:
    """The reverse of `State.tree`."""
    recent = tuple((from_iso(utc), float(p)) for utc, p in tree["recent"])
    return State(
        night=tree["night"],
        decision=Decision(tree["is_aurora"], recent),
        event=from_row(tree["event"]) if tree["event"] else None,
        events=[from_row(row) for row in tree["events"]],
        digests=list(tree["digests"]),
        stamp=tree["stamp"],
        last_utc=from_iso(tree["last_utc"]) if tree["last_utc"] else None,
        kept_utc=from_iso(tree["kept_utc"]) if tree["kept_utc"] else None,
        is_asleep=tree["is_asleep"],
        pending={name: list(messages) for name, messages in tree["pending"].items()},
        counts=dict(tree["counts"]),
    )


def load(folder: Path) -> State | None:
    """The state in a folder; None where there is none.

    Raises
    ------
    InputError
        It is not usable.
    """
    path = folder / STATE
    if not path.exists():
        return None
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        if tree["version"] != VERSION:
            raise ValueError(f"version {tree['version']}")
        return from_tree(tree)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        fix = "move it away to begin anew, or give another folder by --out"
        raise InputError("this is no state of `aurora watch` that can be read", path, fix) from error


def save(state: State, folder: Path) -> None:
    """Write the state; an OSError where it cannot be written."""
    write_text(folder / STATE, json.dumps(state.tree(), indent=1) + "\n")


def night_of(utc: datetime, longitude: float) -> str:
    """The date YYYYMMDD of the morning of a night that lasts from noon to noon of local mean solar time."""
    return (utc + timedelta(hours=12 + longitude / 15)).strftime("%Y%m%d")
