"""A picture at an HTTP(S) address, fetched every interval, and only where it changed."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import httpx

from .arrival import Arrival, Trouble
from .secrets import secret

LARGEST = 64 << 20
"""Bytes of a picture that are fetched."""
TIMEOUT_S = 20.0


class AddressSource:
    """Asks with the ETag and the date of the last answer, so that an unchanged picture is not sent again."""

    is_asked = True

    def __init__(self, address: str, interval_s: float) -> None:
        self.address, self.interval_s = address, interval_s
        self.name = PurePosixPath(urlsplit(address).path).name or urlsplit(address).netloc
        user = secret("AURORA_SOURCE_USER")
        auth = httpx.BasicAuth(user, secret("AURORA_SOURCE_PASSWORD")) if user else None
        self._client = httpx.Client(timeout=TIMEOUT_S, follow_redirects=True, auth=auth)
        self._conditions: dict[str, str] = {}
        self._next = 0.0

    def poll(self) -> list[Arrival]:
        """The picture, where the interval is over and the server has another one."""
        if time.monotonic() < self._next:
            return []
        self._next = time.monotonic() + self.interval_s
        try:
            with self._client.stream("GET", self.address, headers=self._conditions) as response:
                return self._arrivals(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Trouble(f"{self.name}: {type(error).__name__}") from error  # its text may hold the address

    def _arrivals(self, response: httpx.Response) -> list[Arrival]:
        if response.status_code == httpx.codes.NOT_MODIFIED:
            return []
        if response.status_code != httpx.codes.OK:
            raise Trouble(f"{self.name}: the server answers {response.status_code}")
        content = bytearray()
        for piece in response.iter_bytes():
            content += piece
            if len(content) > LARGEST:
                raise Trouble(f"{self.name}: the picture has more than {LARGEST >> 20} MB")
        headers = response.headers
        pairs = {"If-None-Match": headers.get("etag"), "If-Modified-Since": headers.get("last-modified")}
        self._conditions = {name: value for name, value in pairs.items() if value}
        return [Arrival(self.name, bytes(content), _date(headers.get("last-modified", "")))]


def _date(text: str) -> datetime:
    """The time of an HTTP date; now where there is none, or one in the future."""
    now = datetime.now(UTC)
    try:
        return min(parsedate_to_datetime(text).astimezone(UTC), now)
    except ValueError:
        return now
