"""Calls of ffmpeg and ffprobe on video files: they read that file and nothing else, and their failures have a cause."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import ffmpeg

from ..errors import InputError, ToolError
from ..processes import end_with_parent

CONTAINERS = (
    "mov", "matroska", "avi", "mpeg", "mpegts", "mpegvideo", "h264", "hevc", "m4v", "asf", "flv", "ogg", "nut", "dv",
    "ivf", "mxf",
)  # fmt: skip
"""Formats that are read: files that hold their own pictures. A playlist (concat, hls, dash) names other files."""
LIMITS = {"protocol_whitelist": "file", "format_whitelist": ",".join(CONTAINERS)}
"""Input options: no network, and no file but the one that is named."""
REPLACE = "fetch or copy it again, or move it to another folder"
INSTALL = "install ffmpeg, or run `make setup`"
SYSTEM_FAILURES = {
    "No space left on device": errno.ENOSPC,
    "Disk quota exceeded": errno.EDQUOT,
    "Permission denied": errno.EACCES,
    "Read-only file system": errno.EROFS,
    "Too many open files": errno.EMFILE,
    "Cannot allocate memory": errno.ENOMEM,
}
"""What ffmpeg prints, by strerror(3), where the system and not the video is at fault."""
NEW_FRAME_RATE_MODE = (5, 1)  # -fps_mode since this version; -vsync until 8


def source(path: Path, **options: Any) -> ffmpeg.Stream:
    """A video file as input of ffmpeg in any folder; colons and dashes in its name mean nothing."""
    return ffmpeg.input(f"file:{path.absolute()}", **LIMITS, **options)


def every_frame() -> dict[str, str]:
    """Output option: frames pass as they come, none doubled or dropped to a fixed rate."""
    return {"fps_mode" if version() >= NEW_FRAME_RATE_MODE else "vsync": "passthrough"}


@lru_cache
def version(program: str = "ffmpeg") -> tuple[int, int]:
    """Major and minor version; of a build between releases, (999, 0).

    Raises
    ------
    ToolError
        The program is not installed.
    """
    first, _, _ = call([program, "-version"]).stdout.decode("utf-8", "replace").partition("\n")
    number = re.search(r" version n?(\d+)\.(\d+)", first)
    return (int(number[1]), int(number[2])) if number else (999, 0)


def call(command: Sequence[str], folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run ffmpeg or ffprobe in a folder and keep what they print, whatever their exit status.

    Raises
    ------
    ToolError
        The program is not installed.
    """
    try:
        return subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            preexec_fn=end_with_parent,
        )
    except FileNotFoundError as error:
        if folder is not None and not folder.is_dir():
            raise
        raise ToolError(f"{command[0]} is not installed", "ffmpeg", INSTALL) from error


def probe(path: Path, *options: str) -> dict[str, Any]:
    """What ffprobe says of a video file, as a tree of streams and whatever else `options` ask for.

    Raises
    ------
    InputError
        No such file, an empty one, or none that ffprobe can read.
    ToolError
        Ffprobe is not installed.
    """
    check_readable(path)
    limits = [part for name, value in LIMITS.items() for part in (f"-{name}", value)]
    answer = call(["ffprobe", "-v", "error", *limits, "-show_streams", "-of", "json", *options, f"file:{path}"])
    if answer.returncode:
        raise_system_failure(answer.stderr, path)
        raise InputError(f"this is not a readable video: {reason(answer.stderr)}", path, REPLACE)
    return json.loads(answer.stdout)


def reason(stderr: bytes) -> str:
    """The last lines that ffmpeg printed, as one."""
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return "; ".join(line.strip() for line in lines[-3:]) or "it gave no reason"


def raise_system_failure(stderr: bytes, path: Path) -> None:
    """Raise the OSError that ffmpeg met, about the file or folder that it could not read or write; else do nothing."""
    text = stderr.decode("utf-8", "replace")
    for message, number in SYSTEM_FAILURES.items():
        if message in text:
            raise OSError(number, os.strerror(number), str(path))


def check_readable(path: Path) -> None:
    """An InputError where a file is empty or no file; the OSError where it must not be read."""
    if not path.is_file():
        raise InputError("there is no such file", path, "check the path")
    with path.open("rb") as file:
        if not file.read(1):
            raise InputError("this file is empty (0 bytes)", path, "fetch or copy it again")
