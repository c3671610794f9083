"""One file from one address: resumed where it broke off, tried again with growing waits."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from rich.filesize import decimal

from .headers import continues, promise_of, range_of, wait_asked
from .part import Part, Promise, check_room

GONE = (404, 410)
WORTH_ANOTHER_TRY = (408, 429)  # and every status from 500
STEP_BYTES = 1 << 20
"""New bytes after which the tries are counted anew, so that a slow connection succeeds in the end."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server; times in s.

    A connection without a byte for `stall` is closed. The wait before try n+1 is drawn from half to the whole of
    `first_wait` * 2^(n-1), at most `longest_wait`; a Retry-After up to `longest_asked` is followed.
    """

    stall: float = 30.0
    tries: int = 5
    first_wait: float = 2.0
    longest_wait: float = 60.0
    longest_asked: float = 300.0

    def wait(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        longest = min(self.longest_wait, self.first_wait * 2 ** (failures - 1))
        return random.uniform(longest / 2, longest)  # noqa: S311  (spreads retries, guards nothing)


class Absent(Exception):
    """The server has no such file."""


class Failed(Exception):
    """The server did not give the file; the text says why."""


class GaveUp(Failed):
    """The server did not answer, or not to the end, however often it was asked."""


class _Broken(Exception):
    """A try that failed where another may not; `asked` is the wait in s that the server asks for."""

    def __init__(self, reason: str, asked: float = 0.0) -> None:
        super().__init__(reason)
        self.asked = asked


async def download(
    client: httpx.AsyncClient,
    address: str,
    part: Part,
    patience: Patience,
    report: Callable[[str], None] = lambda line: None,
    progress: Callable[[int, int | None], None] = lambda done, size: None,
) -> None:
    """Bring all bytes of `address` into `part`.

    Parameters
    ----------
    report
        Called with a line on each break and resumption.
    progress
        Called with the bytes that are here and the bytes in all (None where the server did not say).

    Raises
    ------
    Absent
        The server has no such file (404, 410).
    Failed
        Another refusal.
    GaveUp
        `patience.tries` failures in a row, or a wait asked for that is too long.
    InputError
        The disk is full or cannot be written; a part that has begun is kept.
    """
    failures, farthest = 0, part.size
    while True:
        try:
            return await _attempt(client, address, part, report, progress)
        except _Broken as error:
            reason, asked = str(error), error.asked
        except httpx.TimeoutException as error:
            reason, asked = _stalled(error, patience), 0.0
        except httpx.ConnectError as error:
            reason, asked = f"no connection: {error}", 0.0
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            reason, asked = f"the connection broke at {decimal(part.size)}", 0.0
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Failed(str(error) or type(error).__name__) from error
        if part.size >= farthest + STEP_BYTES:
            failures, farthest = 0, part.size
        failures += 1
        if asked > patience.longest_asked:
            raise GaveUp(f"{reason}; the server asks to wait {asked:.0f} s")
        if failures >= patience.tries:
            raise GaveUp(f"{reason}; gave up after {failures} tries")
        wait = max(asked, patience.wait(failures))
        report(f"{reason}; next try in {wait:.1f} s")
        await asyncio.sleep(wait)


def _stalled(error: httpx.TimeoutException, patience: Patience) -> str:
    what = "no connection" if isinstance(error, httpx.ConnectTimeout) else "no bytes"
    return f"{what} for {patience.stall:g} s"


async def _attempt(
    client: httpx.AsyncClient,
    address: str,
    part: Part,
    report: Callable[[str], None],
    progress: Callable[[int, int | None], None],
) -> None:
    """One request; resumes where the part is of this address and the server can tell whether it is still the same."""
    promise = part.promise() or Promise("")
    here = part.size if promise.address == address and promise.validator else 0
    headers = {"Range": f"bytes={here}-", "If-Range": promise.validator} if here else {}
    async with client.stream("GET", address, headers=headers) as response:
        if here and response.status_code == 416:
            if range_of(response)[1] == here:
                return  # all bytes had come when the last run ended
            part.discard()
            raise _Broken("the part here does not fit the file there; it starts anew")
        if here and response.status_code == 206:
            if not continues(response, here, promise):
                part.discard()
                raise _Broken("the server went on with another file; it starts anew")
            report(f"resumes at {decimal(here)}")
        else:
            _check_status(response)
            if here:
                report("starts anew: the file there has changed, or its server cannot resume")
            here, promise = 0, promise_of(response, address)
            part.begin(promise)
        check_room(part.final.parent, (promise.size or here) - here)
        progress(here, promise.size)
        async for chunk in response.aiter_raw():
            part.append(chunk)
            here += len(chunk)
            progress(here, promise.size)
    if promise.size is not None and here != promise.size:
        part.discard()
        raise _Broken(f"{here} bytes came of a file of {promise.size}; it starts anew")


def _check_status(response: httpx.Response) -> None:
    code = response.status_code
    if code == 200:
        return
    reason = f"HTTP {code} {response.reason_phrase}".strip()
    if code in GONE:
        raise Absent(reason)
    if code in WORTH_ANOTHER_TRY or code >= 500:
        raise _Broken(reason, wait_asked(response))
    raise Failed(reason)
