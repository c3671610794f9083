"""What must be in order in a project before real nights come into it."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import locks
from ..errors import InputError
from ..tables.frames import SIMULATED_PREFIX
from .part import unwritable

LOCK = ".lock"
PUT_AWAY = "`rm -r data/raw/* data/labels/labels.csv data/labels/truth*`"


def is_simulated(folder: Path) -> bool:
    """Whether a month's folder holds simulated videos, as the bundled sample does."""
    return any(folder.glob(f"{SIMULATED_PREFIX}*"))


def has_videos(folder: Path) -> bool:
    """Whether a month's folder holds any video."""
    return any(folder.glob("*.mp4"))


def check_months(raw: Path, months: Iterable[str]) -> None:
    """An InputError where a month's folder holds simulated videos, or DVC tracks videos of it that are not here."""
    for month in months:
        folder, tracked = raw / month, raw / f"{month}.dvc"
        if is_simulated(folder):
            raise InputError(
                "simulated videos are here, and real nights must not be mixed with them",
                folder,
                f"put the sample away with {PUT_AWAY} and take its months out of params.yaml",
            )
        if tracked.exists() and not has_videos(folder):
            raise InputError(
                "DVC tracks videos of this month that are not here",
                tracked,
                f"bring them with `dvc pull {tracked}`; if they are the bundled sample, put it away with {PUT_AWAY}",
            )


@contextmanager
def locked(raw: Path) -> Iterator[None]:
    """Only one `aurora fetch` at a time; an InputError where another runs or the folder cannot be written."""
    path = raw / LOCK
    try:
        descriptor = locks.open_lock_file(path)
    except OSError as error:
        raise unwritable(raw, error) from error
    with open(descriptor, "w"):
        try:
            locks.lock(descriptor, path)
        except locks.Held as error:
            raise InputError("another `aurora fetch` is running here", raw, "wait for it, or end it") from error
        yield


def loose_ends(raw: Path, params_file: Path, months: Iterable[str]) -> list[str]:
    """Warnings about months that a params file lists and the pipeline could not, or should not, run on."""
    missing = [month for month in months if not has_videos(raw / month) and not (raw / f"{month}.dvc").exists()]
    simulated = [month for month in months if is_simulated(raw / month)]
    warnings = []
    if missing:
        warnings.append(
            f"{params_file} lists {', '.join(missing)}, of which {raw} holds no video: take them out of `months`"
        )
    if simulated:
        warnings.append(
            f"{params_file} lists {', '.join(simulated)}, whose videos are simulated: take them out of `months`, and"
            f" put the sample away with {PUT_AWAY}"
        )
    return warnings


def lines_to_set(file_pattern: str, name_pattern: str, size: str) -> str:
    """What to set in a params file, as YAML, so that the pipeline takes videos of this name and size; "" if nothing.

    Parameters
    ----------
    file_pattern
        `extract.file_pattern` of the params file.
    name_pattern
        The videos' file name, with {night} and {size} in it.
    size
        480p, 720p or 1080p; geometry is AuroraMAX's, at 1080p scaled from 720p.
    """
    name = name_pattern.replace("{size}", size)
    if fnmatch.fnmatchcase(name, file_pattern):
        return ""
    geometry = {
        "480p": ("[427, 240]", 240, 480, "[554, 448, 290, 32]"),
        "720p": ("[640, 360]", 360, 720, "[820, 664, 452, 56]"),
        "1080p": ("[960, 540]", 540, 1080, "[1230, 996, 678, 84]"),
    }
    center, radius, crop, stamp_box = geometry[size]
    return (
        "extract:\n"
        f'  file_pattern: "{name}"\n'
        f"  circle: {{center: {center}, radius: {radius}}}\n"
        f"  crop: {crop}\n"
        f"  stamp_box: {stamp_box}"
    )
