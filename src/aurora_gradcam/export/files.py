"""Write the frames of an export, bit for bit, into a folder or a zip, with `frames.csv` beside them."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pandas as pd

from .. import archive
from ..errors import DataError, InputError
from ..files import atomic_write
from ..progress import track
from .listing import LIST_COLUMNS

LIST = "frames.csv"
UNFINISHED = "unfinished.csv"
"""The list's name while its files are being written; an export that was interrupted still has it."""
OURS = re.compile(r"(?:\w+/)?(?:\d{14}|unknown)_\d{8}_\d+\.jpg")
FREE = "choose another --out, or empty this one"


@dataclass(frozen=True)
class Written:
    """What an export wrote: bytes of all files, and files of an earlier export that were removed."""

    size: int
    removed: int = 0


def csv(rows: pd.DataFrame) -> str:
    """The list of an export: `LIST_COLUMNS`, times as 2024-02-01T01:19:54Z, empty where nothing is known."""
    told = rows.assign(
        utc=rows["utc"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        simulated=rows["simulated"].map({True: "true", False: "false"}),
        is_aurora=rows["is_aurora"].map({True: "true", False: "false"}),
    )
    return told.to_csv(index=False, columns=list(LIST_COLUMNS), lineterminator="\n")


def pictures(rows: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """(file, content) of the rows with a file, in the order given; an archive is opened once for neighbours."""
    wanted = rows.dropna(subset=["file"])[["file", "night", "member"]].itertuples(index=False)
    for night, some in groupby(wanted, key=lambda row: row.night):
        path = archive.night_path(archive.FRAMES, night)
        with archive.opened(path) as frames:
            for row in some:
                try:
                    yield row.file, frames.read(row.member)
                except KeyError as error:
                    raise DataError(f"the night archive has no member {row.member}", path) from error


def write(rows: pd.DataFrame, out: Path) -> Written:
    """Write an export to a folder, or to one file where `out` ends in .zip; `rows` as `export.listing` gives them."""
    if out.suffix.lower() == ".zip":
        return write_zip(rows, out)
    return write_folder(rows, out)


def write_zip(rows: pd.DataFrame, out: Path) -> Written:
    """Stored, sorted and with fixed dates: the same frames give the same bytes."""
    if out.exists() and not _is_earlier_zip(out):
        raise InputError("this file is no export, and nothing is overwritten", out, FREE)
    ordered = rows.sort_values("file")
    found = track(pictures(ordered), "export", total=int(ordered["file"].notna().sum()))
    with atomic_write(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as packed:
        for name, content in found:
            packed.writestr(_entry(name), content)
        packed.writestr(_entry(LIST), csv(rows))
    return Written(out.stat().st_size)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    return entry


def _is_earlier_zip(path: Path) -> bool:
    with suppress(zipfile.BadZipFile, KeyError, OSError), zipfile.ZipFile(path) as packed:
        return packed.read(LIST).decode("utf-8", "replace").startswith(",".join(LIST_COLUMNS) + "\n")
    return False


def write_folder(rows: pd.DataFrame, out: Path) -> Written:
    """Write the files one by one, each whole; files that an earlier export wrote and this one does not are removed.

    The folder must be new, empty, or hold an earlier export, finished or not. Files of others in it are left alone; one
    that stands in the way of a picture is an InputError before anything is written.
    """
    earlier, files = earlier_files(out), set(rows["file"].dropna())
    in_the_way = sorted(file for file in files - earlier if (out / file).exists())
    if in_the_way:
        raise InputError("a file that no export wrote stands in the way", out / in_the_way[0], FREE)
    text = csv(rows)
    with atomic_write(out / UNFINISHED) as temporary:
        temporary.write_text(_both(text, earlier - files), encoding="utf-8", newline="\n")
    size = len(text.encode())
    for file, content in track(pictures(rows), "export", total=len(files)):
        with atomic_write(out / file) as temporary:
            temporary.write_bytes(content)
        size += len(content)
    for file in earlier - files:
        (out / file).unlink(missing_ok=True)
        with suppress(OSError):  # not empty
            (out / file).parent.rmdir()
    with atomic_write(out / LIST) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    os.unlink(out / UNFINISHED)
    return Written(size, len(earlier - files))


def _both(text: str, earlier: set[str]) -> str:
    # until the end, the files of an earlier export are this one's to remove
    return text + "".join(f"{file}{',' * (len(LIST_COLUMNS) - 1)}\n" for file in sorted(earlier))


def earlier_files(out: Path) -> set[str]:
    """The pictures that an earlier export lists in this folder; an InputError where the folder holds something else."""
    if out.exists() and not out.is_dir():
        raise InputError("this is no folder", out, "give a folder, or a name that ends in .zip")
    if not out.exists() or not any(out.iterdir()):
        return set()
    lists = [out / name for name in (LIST, UNFINISHED) if (out / name).is_file()]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in lists]
    if not lists or not all(text.startswith(",".join(LIST_COLUMNS) + "\n") for text in texts):
        raise InputError("this folder is not empty and holds no earlier export", out, FREE)
    listed = {line.partition(",")[0] for text in texts for line in text.splitlines()[1:]}
    return {file for file in listed if OURS.fullmatch(file) and (out / file).is_file()}


def told(rows: pd.DataFrame, written: Written, out: Path) -> str:
    """One line on an export: how many pictures, their size, what is special about them, and where they are."""
    given, pictured = rows["file"].notna(), rows["member"].notna()
    counts = (
        ("left out as damaged or blank (see --damaged)", (pictured & ~given).sum()),
        ("without a picture", (~pictured).sum()),
        ("of unknown time", (given & rows["utc"].isna()).sum()),
        ("of an earlier export removed", written.removed),
    )
    parts = [f"{given.sum():,} pictures ({written.size / 1e6:.1f} MB)"]
    parts += [f"{count:,} {what}" for what, count in counts if count]
    simulated = rows.loc[given, "simulated"]
    sky = "; the sky is simulated" if simulated.all() else "; some of the sky is simulated" if simulated.any() else ""
    return f"{', '.join(parts)}, in {out}{sky}"
