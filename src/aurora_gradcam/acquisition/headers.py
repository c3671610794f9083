"""The headers of a server's answer, read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from .part import Promise


def promise_of(response: httpx.Response, address: str) -> Promise:
    """What is promised of the whole file at an address."""
    headers = response.headers
    length = headers.get("Content-Length", "")
    return Promise(
        address,
        int(length) if length.isdecimal() else None,
        headers.get("ETag", ""),
        headers.get("Last-Modified", ""),
        headers.get("Content-Type", ""),
    )


def range_of(response: httpx.Response) -> tuple[int | None, int | None]:
    """First byte and whole size by Content-Range, such as `bytes 100-199/200`, `bytes */200`; None where not given."""
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", "").strip())
    if not match:
        return None, None
    start, whole = match.groups()
    return int(start) if start else None, int(whole) if whole != "*" else None


def continues(response: httpx.Response, here: int, earlier: Promise) -> bool:
    """Whether a partial answer is the rest of the file that was begun."""
    start, whole = range_of(response)
    same_size = None in (whole, earlier.size) or whole == earlier.size
    same_version = promise_of(response, earlier.address).validator in ("", earlier.validator)
    return start == here and same_size and same_version


def wait_asked(response: httpx.Response) -> float:
    """Seconds that Retry-After (seconds or a date) asks to wait; 0 where it says nothing readable."""
    retry_after = response.headers.get("Retry-After", "")
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        then = parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
