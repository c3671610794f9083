"""Nights from an archive into data/raw: a few at once, each from the first address that gives a whole video."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import httpx
from rich.filesize import decimal

from .. import __version__
from ..errors import AuroraError, ConfigError, InputError
from ..preprocessing.extract import RAW
from . import whole
from .addresses import addresses_of, file_name, month_name
from .display import Display
from .download import Absent, Failed, GaveUp, Patience, download
from .part import Part

State = Literal["fetched", "there", "missing", "damaged", "failed"]
MOST_INFORMATIVE: tuple[State, ...] = ("fetched", "damaged", "failed", "missing")  # first
PROXY_VARIABLES = ("all_proxy", "http_proxy", "https_proxy", "no_proxy")
GIVE_UP_AFTER = 3
"""Unanswered nights in a row after which the rest is skipped."""


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
        """The night's video if it is here; it got its name only when it was whole, so it is not asked for again."""
        places = (self.place(night, address) for address in self.addresses(night))
        return next((place for place in places if place.is_file()), None)


@dataclass(frozen=True)
class Outcome:
    """What became of a night, and why."""

    state: State
    reason: str = ""


@dataclass
class Fetched:
    """What became of the nights asked for; `stopped` is what ended the work early."""

    outcomes: dict[date, Outcome] = field(default_factory=dict)
    stopped: Exception | KeyboardInterrupt | None = None
    received: int = 0

    def nights(self, *states: State) -> list[date]:
        """Nights that ended in one of these states, sorted."""
        return sorted(night for night, outcome in self.outcomes.items() if outcome.state in states)


def run(request: Request, display: Display) -> Fetched:
    """Fetch what is not here; Ctrl-C and a full disk end it early, and what has come stays for the next time."""
    fetched = Fetched({night: Outcome("there") for night in request.nights if request.video(night)})
    nights = [night for night in request.nights if night not in fetched.outcomes]
    try:
        with display:
            display.expected = len(nights)
            asyncio.run(_Run(request, display, fetched.outcomes).fetch_all(nights))
    except KeyboardInterrupt as error:
        fetched.stopped = error
    except ExceptionGroup as errors:
        fetched.stopped = errors.exceptions[0]
        if not isinstance(fetched.stopped, AuroraError | OSError):
            raise
    fetched.received = display.received
    return fetched


def make_client(stall: float) -> httpx.AsyncClient:
    """A client that uses the proxy of the environment, but for this machine; `stall` as in `Patience`.

    Raises
    ------
    ConfigError
        A proxy variable holds something unusable.
    """
    agent = {"User-Agent": f"aurora-gradcam/{__version__}", "Accept-Encoding": "identity"}
    mounts = {f"all://{host}": httpx.AsyncHTTPTransport() for host in ("127.0.0.1", "localhost", "[::1]")}
    try:
        return httpx.AsyncClient(headers=agent, timeout=httpx.Timeout(stall), follow_redirects=True, mounts=mounts)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        names = [name for name in os.environ if name.lower() in PROXY_VARIABLES and os.environ[name]]
        if not names:
            raise
        what = f"the proxy settings cannot be used: {str(error).partition('. ')[0]}"
        fix = "set them to addresses such as http://host:8080 (NO_PROXY: names with commas between), or unset them"
        raise ConfigError(what, ", ".join(sorted(names)), fix) from error


class _Run:
    """The downloads of one run, and what they share."""

    def __init__(self, request: Request, display: Display, outcomes: dict[date, Outcome]) -> None:
        self.request, self.display, self.outcomes = request, display, outcomes
        self.gate = asyncio.Semaphore(request.at_once)
        self.unanswered = 0

    async def fetch_all(self, nights: Iterable[date]) -> None:
        """All these nights, `at_once` at a time."""
        async with make_client(self.request.patience.stall) as client, asyncio.TaskGroup() as group:
            for night in nights:
                group.create_task(self.fetch_night(client, night))

    async def fetch_night(self, client: httpx.AsyncClient, night: date) -> None:
        """Wait for a place, then fetch a night; print and keep what became of it."""
        async with self.gate:
            if self.unanswered >= GIVE_UP_AFTER:
                self.outcomes[night] = Outcome("failed", f"skipped, since the {self.unanswered} nights before failed")
                return
            outcome = self.outcomes[night] = await self.try_addresses(client, night)
            self.display.end(night, f"{outcome.state}: {outcome.reason}" if outcome.reason else outcome.state)

    async def try_addresses(self, client: httpx.AsyncClient, night: date) -> Outcome:
        """One address after the other, until one gives a whole video; otherwise the most informative failure."""
        outcomes, unanswered = [], set()
        for address in self.request.addresses(night):
            server = urlsplit(address).netloc
            if server in unanswered:
                continue
            try:
                outcome = await self.fetch_from(client, night, address)
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
        return min(outcomes, key=lambda outcome: MOST_INFORMATIVE.index(outcome.state))

    async def fetch_from(self, client: httpx.AsyncClient, night: date, address: str) -> Outcome:
        """Download from one address; the video gets its name only when it is whole."""
        part = Part(self.request.place(night, address))
        await download(
            client,
            address,
            part,
            self.request.patience,
            lambda line: self.display.print_line(night, line),
            lambda here, size: self.display.update(night, here, size),
        )
        promise = part.promise()
        try:
            await asyncio.to_thread(whole.check, part.path)
        except whole.Undecodable as error:
            return Outcome("damaged", f"{error.what}; kept in {part.path}, for another version of ffmpeg")
        except InputError as error:
            part.discard()
            kind = promise.content_type if promise else ""
            suffix = f" (the server calls it {kind})" if kind.startswith("text/") else ""
            return Outcome("damaged", error.what.partition(":")[0] + suffix)
        size = part.size
        part.finish()
        return Outcome("fetched", decimal(size))
