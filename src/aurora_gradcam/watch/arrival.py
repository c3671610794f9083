"""Pictures as they come from a source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Protocol

PNG_END = b"IEND\xaeB`\x82"


class Trouble(Exception):
    """A source gives nothing now and may do so later; the text says why, without secrets."""


@dataclass(frozen=True)
class Arrival:
    """A picture: its name, its content, and when it was taken as far as its source knows.

    Parameters
    ----------
    stamp
        By which its source knows it after a restart; 0 for sources that need none.
    """

    name: str
    content: bytes
    utc: datetime
    stamp: float = 0.0


class Source(Protocol):
    """Where pictures come from."""

    name: str
    """As messages call it."""
    is_asked: bool
    """Whether it is asked for pictures, which there is no need for by day."""

    def poll(self) -> list[Arrival]:
        """The pictures that came since, in order; at once, or after the time that its server takes. Raises Trouble."""
        ...


def is_whole(content: bytes) -> bool:
    """Whether a file ends as its kind ends; of kinds without an end it is not known, and true."""
    if content.startswith(b"\xff\xd8"):
        return content[-4096:].rstrip(b"\0").endswith(b"\xff\xd9")
    if content.startswith(b"\x89PNG"):
        return PNG_END in content[-64:]
    return bool(content)


def suffix_of(content: bytes, name: str) -> str:
    """The ending that a file of this content should have."""
    known = {b"\xff\xd8": ".jpg", b"\x89PNG": ".png", b"RIFF": ".webp", b"GIF8": ".gif", b"BM": ".bmp"}
    known |= {b"II*\0": ".tif", b"MM\0*": ".tif"}
    by_content = next((suffix for start, suffix in known.items() if content.startswith(start)), "")
    return by_content or PurePath(name).suffix.lower() or ".img"


def utc_of(seconds: float) -> datetime:
    """POSIX seconds -> UTC."""
    return datetime.fromtimestamp(seconds, UTC)
