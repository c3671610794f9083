"""An event of aurora, and what is told of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from .observation import Observation

ISO = "%Y-%m-%dT%H:%M:%SZ"
STAMP = "%Y%m%d%H%M%S"


@dataclass(frozen=True)
class Event:
    """Aurora from `began` to `ended`; the best picture is the strongest, or where that is not known the surest.

    Parameters
    ----------
    name
        YYYYMMDDHHMMSS of `began`.
    announced
        When the decision fell; it is later than `began` by what the decision waits for.
    pictures
        Usable ones, since `announced`.
    """

    name: str
    began: datetime
    announced: datetime
    ended: datetime | None = None
    pictures: int = 0
    p_best: float = 0.0
    strength: float | None = None
    best: str = ""
    best_utc: datetime | None = None

    def seen(self, observation: Observation) -> tuple[Event, bool]:
        """The event with one more picture, and whether that is the best so far."""
        p = observation.p_aurora or 0.0
        strength = observation.strength
        is_best = (strength or 0.0, p) > (self.strength or 0.0, self.p_best)
        event = replace(self, pictures=self.pictures + 1)
        if not is_best:
            return event, False
        return replace(event, p_best=p, strength=strength, best=observation.source, best_utc=observation.utc), True

    def row(self) -> dict[str, Any]:
        """For JSON and CSV."""
        return {name: iso(value) if isinstance(value, datetime) else value for name, value in asdict(self).items()}


def begin(began: datetime, observation: Observation) -> Event:
    """The event that an observation made certain."""
    return Event(f"{began:{STAMP}}", began, observation.utc).seen(observation)[0]


def iso(utc: datetime) -> str:
    """`2024-02-01T07:00:00Z`."""
    return utc.strftime(ISO)


def from_iso(text: str) -> datetime:
    """The reverse of `iso`, with fractions of a second where there are any."""
    return datetime.fromisoformat(text)


def from_row(row: dict[str, Any]) -> Event:
    """The reverse of `Event.row`."""
    times = {name: from_iso(row[name]) for name in ("began", "announced", "ended", "best_utc") if row[name]}
    return Event(**{**row, **times})


def text_of(message: dict[str, Any]) -> str:
    """A message in a sentence or two, for people."""
    camera, utc = message["camera"], message["utc"].replace("T", " ").removesuffix("Z")
    kind, event = message["kind"], message.get("event") or {}
    if kind == "aurora_begins":
        began = event["began"][11:16]
        text = f"{camera}: aurora since {began} UTC, P {message['p_aurora']:.2f}"
        if message.get("strength"):
            text += f", {message['strength']:.1f} kR"
        return f"{text}, {message['cloud']}" if message.get("cloud") else text
    if kind == "aurora_ends":
        text = f"{camera}: the aurora of {event['began'][11:16]} ended at {event['ended'][11:16]} UTC"
        return f"{text}, highest P {event['p_best']:.2f}"
    return f"{camera}, {utc} UTC: {message['text']}"
