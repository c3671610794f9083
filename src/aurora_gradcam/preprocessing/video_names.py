"""Night videos by their names: which files of a month's folder are videos, and of which night."""

from __future__ import annotations

import fnmatch
import logging
import re
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from ..config.extract import NIGHT_FIELDS
from ..corpus.frame_ids import month_of
from ..errors import ConfigError, InputError

logger = logging.getLogger(__name__)

VIDEOS = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")
"""Endings of video files, in small letters; they count in any case."""
COMPANIONS = re.compile(r"\.|~|@|thumbs\.db$|ehthumbs|desktop\.ini$|icon\r$|\$recycle", re.IGNORECASE)
"""Beginnings of names that systems lay beside videos: macOS `._x.mp4`, Synology `@eaDir`, Windows `Thumbs.db`."""


def is_companion(path: Path) -> bool:
    """Whether a file or folder is hidden or was laid there by a system, not by a person."""
    return COMPANIONS.match(path.name) is not None


@lru_cache
def night_pattern(pattern: str) -> re.Pattern[str]:
    """`extract.file_pattern` as an expression for whole file names, with the groups `night` or `year`, `month`, `day`.

    Endings such as .MP4 and .mp4 are the same.

    Raises
    ------
    ConfigError
        A date field within brackets, where a pattern has a set of characters.
    """
    glob, ending = pattern, ""
    for suffix in VIDEOS:
        if pattern.lower().endswith(suffix):
            glob, ending = pattern[: -len(suffix)], f"(?i:{re.escape(suffix)})"
    # a character that no file name holds stands for each date while the rest is translated
    marks = {field: chr(number) for number, field in enumerate(NIGHT_FIELDS, start=1)}
    for field, mark in marks.items():
        glob = glob.replace(f"{{{field}}}", mark)
    expression = fnmatch.translate(glob)
    for field, mark in marks.items():
        digits = NIGHT_FIELDS[field]
        expression = expression.replace(mark, rf"(?P<{field}>[0-9]{{{digits}}})")
    end = re.search(r"\\[zZ]$", expression)
    expression = expression[: end.start()] + ending + end[0] if end else expression + ending
    try:
        compiled = re.compile(expression)
    except re.error:
        compiled = re.compile("")
    if "night" not in compiled.groupindex and set(compiled.groupindex) != {"year", "month", "day"}:
        raise ConfigError(f"'{pattern}' has a date within brackets", "extract.file_pattern", "write [ as [[]")
    return compiled


def night_in(name: str, pattern: str) -> str | None:
    """The eight digits of the night in a file name that matches `extract.file_pattern`; None where it does not."""
    parts = match.groupdict() if (match := night_pattern(pattern).match(name)) else {}
    return parts.get("night") or "".join(parts.get(field, "") for field in ("year", "month", "day")) or None


def is_date(night: str) -> bool:
    """Whether eight digits are a date."""
    try:
        return night.isascii() and len(night) == 8 and bool(datetime.strptime(night, "%Y%m%d"))
    except ValueError:
        return False


def find_videos(folder: Path, pattern: str) -> dict[str, Path]:
    """Videos of a month's folder by night, sorted; a warning counts the videos that the pattern leaves out.

    Raises
    ------
    InputError
        No folder, no video that matches, a name without a date in this month, two videos of one night, a broken link.
    """
    videos: dict[str, Path] = {}
    hidden, others = [], []
    for path in _videos_in(folder):
        night = night_in(path.name, pattern)
        if is_companion(path):
            hidden.append(path.name)
        elif night is None:
            others.append(path.name)
        else:
            _check_night(path, night, videos.get(night))
            videos[night] = path
    if hidden:
        logger.warning(f"{folder}: ignored {len(hidden)} hidden files that systems lay there, such as {hidden[0]}")
    if others and videos:
        logger.warning(
            f"{folder} holds {len(others)} videos that extract.file_pattern '{pattern}' leaves out, such as {others[0]}"
        )
    if not videos:
        others_there = f"; it holds {len(others)} others, such as {others[0]}" if others else ""
        raise InputError(
            f"no video named like '{pattern}'{others_there}",
            folder,
            "put videos here or `dvc pull` them, or set extract.file_pattern or months",
        )
    return dict(sorted(videos.items()))


def has_videos(folder: Path) -> bool:
    """Whether a month's folder holds any video, whatever its name."""
    return bool(_videos_in(folder))


def _videos_in(folder: Path) -> list[Path]:
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    videos = [path for path in paths if path.suffix.lower() in VIDEOS]
    for path in videos:
        if path.is_symlink() and not path.exists():  # DVC's cache was moved, say: its night must not vanish silently
            raise InputError("this link leads nowhere", path, "`dvc checkout` or `dvc pull` it, or remove the link")
    return [path for path in videos if path.is_file()]


def _check_night(path: Path, night: str, other: Path | None) -> None:
    month = path.parent.name
    if not is_date(night) or month_of(night) != month:
        raise InputError(f"this video is of {night}, no night of {month}", path, "move it to its month's folder")
    if other:
        raise InputError(f"a second video of the night {night} beside {other.name}", path, "keep one of them")
