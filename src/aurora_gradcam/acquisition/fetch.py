"""Nights from an archive into data/raw: a few at once, each from the first address that gives a whole video."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import httpx
from rich.filesize import decimal

from .. import __version__
from ..errors import AuroraError, InputError
from ..preprocessing.extract import RAW
from . import whole
from .addresses import addresses_of, file_name, month_name
from .download import Absent, Failed, GaveUp, Patience, download
from .part import Part
from .telling import Telling

State = Literal["fetched", "there", "missing", "damaged", "failed"]
TELLING_MOST: tuple[State, ...] = ("fetched", "damaged", "failed", "missing")
GIVE_UP_AFTER = 3
"""Nights in a row that a server did not answer for, after which the rest is not asked for."""


@dataclass(frozen=True)
class Request:
    """What is to be fetched: nights by their mornings, patterns of addresses, size, and how."""

    nights: Sequence[date]
    patterns: Sequence[str]
    size: str = "720p"
    at_once: int = 2
    patience: Patience = field(default_factory=Patience)
    raw: Path = RAW

    def addresses(self, night: date) -> list[str]:
        """The addresses of a night, in the order in which they are tried."""
        return addresses_of(night, self.patterns, self.size)

    def place(self, night: date, address: str) -> Path:
        """Where the video of an address is kept."""
        return self.raw / month_name(night) / file_name(address)

    def video(self, night: date) -> Path | None:
        """The night's video if it is here; under its name it was found whole, so nobody is asked again."""
        places = (self.place(night, address) for address in self.addresses(night))
        return next((place for place in places if place.is_file()), None)


@dataclass(frozen=True)
class Outcome:
    """What became of a night, and why."""

    state: State
    reason: str = ""


@dataclass
class Fetched:
    """What became of the nights asked for; `stopped` says what ended the work before its time."""

    outcomes: dict[date, Outcome] = field(default_factory=dict)
    stopped: Exception | KeyboardInterrupt | None = None
    received: int = 0

    def nights(self, *states: State) -> list[date]:
        """The nights of which one of these became, in order."""
        return sorted(night for night, outcome in self.outcomes.items() if outcome.state in states)


def run(request: Request, telling: Telling) -> Fetched:
    """Fetch what is not here; Ctrl-C and a full disk end it early, and what has come stays for the next time."""
    fetched = Fetched({night: Outcome("there") for night in request.nights if request.video(night)})
    nights = [night for night in request.nights if night not in fetched.outcomes]
    try:
        with telling:
            telling.expected = len(nights)
            asyncio.run(_Run(request, telling, fetched.outcomes).all(nights))
    except KeyboardInterrupt as error:
        fetched.stopped = error
    except ExceptionGroup as errors:
        fetched.stopped = errors.exceptions[0]
        if not isinstance(fetched.stopped, AuroraError):
            raise
    fetched.received = telling.received
    return fetched


class _Run:
    """The downloads of one run, and what they know of each other."""

    def __init__(self, request: Request, telling: Telling, outcomes: dict[date, Outcome]) -> None:
        self.request, self.telling, self.outcomes = request, telling, outcomes
        self.gate = asyncio.Semaphore(request.at_once)
        self.unanswered = 0

    async def all(self, nights: Iterable[date]) -> None:
        """All these nights, `at_once` at a time."""
        agent = {"User-Agent": f"aurora-gradcam/{__version__}", "Accept-Encoding": "identity"}
        timeout = httpx.Timeout(self.request.patience.stall)
        async with (
            httpx.AsyncClient(headers=agent, timeout=timeout, follow_redirects=True) as client,
            asyncio.TaskGroup() as group,
        ):
            for night in nights:
                group.create_task(self.one(client, night))

    async def one(self, client: httpx.AsyncClient, night: date) -> None:
        """Wait for a place, then fetch a night; what became of it is told and kept."""
        async with self.gate:
            if self.unanswered >= GIVE_UP_AFTER:
                self.outcomes[night] = Outcome("failed", f"not asked for, since {self.unanswered} nights before failed")
                return
            outcome = self.outcomes[night] = await self.tried(client, night)
            self.telling.ended(night, f"{outcome.state}: {outcome.reason}" if outcome.reason else outcome.state)

    async def tried(self, client: httpx.AsyncClient, night: date) -> Outcome:
        """One address after the other, until one gives a whole video; else what tells most of why none did."""
        outcomes, unanswered = [], set()
        for address in self.request.addresses(night):
            server = urlsplit(address).netloc
            if server in unanswered:
                continue
            try:
                outcome = await self.fetched(client, night, address)
            except Absent:
                outcome = Outcome("missing")
            except GaveUp as error:
                unanswered.add(server)
                outcome = Outcome("failed", str(error))
            except Failed as error:
                outcome = Outcome("failed", str(error))
            outcomes.append(outcome)
            if outcome.state == "fetched":
                break
        self.unanswered = self.unanswered + 1 if unanswered else 0
        return min(outcomes, key=lambda outcome: TELLING_MOST.index(outcome.state))

    async def fetched(self, client: httpx.AsyncClient, night: date, address: str) -> Outcome:
        """Download from one address; the video gets its name only when it is whole."""
        part = Part(self.request.place(night, address))
        await download(
            client,
            address,
            part,
            self.request.patience,
            lambda line: self.telling.say(night, line),
            lambda here, size: self.telling.came(night, here, size),
        )
        promise = part.promise()
        try:
            await asyncio.to_thread(whole.check, part.path)
        except InputError as error:
            part.discard()
            kind = promise.content_type if promise else ""
            called = f" (the server calls it {kind})" if kind.startswith("text/") else ""
            return Outcome("damaged", error.what.partition(":")[0] + called)
        size = part.size
        part.finish()
        return Outcome("fetched", decimal(size))
