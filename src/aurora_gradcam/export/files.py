"""Write the frames of an export, byte for byte, into a folder or a zip, with `frames.csv` beside them."""

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

from ..corpus import archive
from ..errors import DataError, InputError
from ..files import atomic_write
from ..progress import track
from ..tables.kinds import HEADS
from .listing import LIST_COLUMNS

LIST = "frames.csv"
UNFINISHED = "unfinished.csv"
"""The list's name while its files are being written; an export that was interrupted still has it."""
PICTURE = re.compile(r"(?:\w+/)?(?:\d{14}|unknown)_\d{8}_\d+\.jpg")
HEADERS = tuple(",".join(LIST_COLUMNS) + end for end in ("\n", *(f",{kind}" for kind in HEADS)))
"""How the list of an export begins, by which it is known."""
ANOTHER_PLACE = "choose another --out, or empty this one"


@dataclass(frozen=True)
class Written:
    """Bytes that an export wrote, and the number of files of an earlier export that it removed."""

    size: int
    removed: int = 0


def csv_text(rows: pd.DataFrame) -> str:
    """The list of an export: `LIST_COLUMNS`, and what is known of kinds; times as 2024-02-01T01:19:54Z.

    Fields of unknown values are empty.
    """
    columns = [*LIST_COLUMNS, *(kind for kind in HEADS if kind in rows)]
    formatted = rows.assign(
        utc=rows["utc"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        simulated=rows["simulated"].map({True: "true", False: "false"}),
        is_aurora=rows["is_aurora"].map({True: "true", False: "false"}),
    )
    return formatted.to_csv(index=False, columns=columns, lineterminator="\n")


def pictures(rows: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """(file, content) of the rows with a file, in the order given; each night's archive is opened once.

    DataError where an archive lacks a member.
    """
    members = rows.dropna(subset=["file"])[["file", "night", "member"]].itertuples(index=False)
    for night, of_night in groupby(members, key=lambda row: row.night):
        path = archive.night_path(archive.FRAMES, str(night))
        with archive.opened(path) as frames:
            for row in of_night:
                try:
                    yield row.file, frames.read(row.member)
                except KeyError as error:
                    raise DataError(f"the night archive has no member {row.member}", path) from error


def write(rows: pd.DataFrame, out: Path) -> Written:
    """Write an export to a folder, or to a zip if `out` ends in .zip; `rows` from `listing.listing`."""
    if out.suffix.lower() == ".zip":
        return write_zip(rows, out)
    return write_folder(rows, out)


def write_zip(rows: pd.DataFrame, out: Path) -> Written:
    """Write a zip, uncompressed, sorted and with fixed dates, so that the same frames give the same bytes.

    An existing file that is no earlier export is an InputError.
    """
    if out.exists() and not _is_earlier_zip(out):
        raise InputError("this file is not an earlier export and is not overwritten", out, ANOTHER_PLACE)
    ordered = rows.sort_values("file")
    contents = track(pictures(ordered), "export", total=int(ordered["file"].notna().sum()))
    with atomic_write(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as packed:
        for name, content in contents:
            packed.writestr(_entry(name), content)
        packed.writestr(_entry(LIST), csv_text(rows))
    return Written(out.stat().st_size)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    return entry


def _is_earlier_zip(path: Path) -> bool:
    with suppress(zipfile.BadZipFile, KeyError, OSError), zipfile.ZipFile(path) as packed:
        return packed.read(LIST).decode("utf-8", "replace").startswith(HEADERS)
    return False


def write_folder(rows: pd.DataFrame, out: Path) -> Written:
    """Write the files one by one, each whole; files of an earlier export that this one does not write are removed.

    The folder must be new, empty, or hold an earlier export, finished or not. Other files in it are never touched; one
    with the name of a picture to be written is an InputError before anything is written.
    """
    earlier, files = earlier_files(out), set(rows["file"].dropna())
    conflicts = sorted(file for file in files - earlier if (out / file).exists())
    if conflicts:
        raise InputError("a file that no export wrote would be overwritten", out / conflicts[0], ANOTHER_PLACE)
    text = csv_text(rows)
    with atomic_write(out / UNFINISHED) as temporary:
        temporary.write_text(_list_of_both(text, earlier - files), encoding="utf-8", newline="\n")
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


def _list_of_both(text: str, earlier: set[str]) -> str:
    # an interrupted export still lists the earlier export's files, so that the next one can remove them
    return text + "".join(f"{file}{',' * (len(LIST_COLUMNS) - 1)}\n" for file in sorted(earlier))


def earlier_files(out: Path) -> set[str]:
    """The pictures that an earlier export listed in this folder; InputError where the folder holds something else."""
    if out.exists() and not out.is_dir():
        raise InputError("this is not a folder", out, "give a folder, or a name that ends in .zip")
    if not out.exists() or not any(out.iterdir()):
        return set()
    lists = [out / name for name in (LIST, UNFINISHED) if (out / name).is_file()]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in lists]
    if not lists or not all(text.startswith(HEADERS) for text in texts):
        raise InputError("this folder is not empty and does not hold an earlier export", out, ANOTHER_PLACE)
    listed = {line.partition(",")[0] for text in texts for line in text.splitlines()[1:]}
    return {file for file in listed if PICTURE.fullmatch(file) and (out / file).is_file()}


def summary_line(rows: pd.DataFrame, written: Written, out: Path) -> str:
    """One line on an export: how many pictures, their size, what is special about them, and where they are."""
    exported, has_picture = rows["file"].notna(), rows["member"].notna()
    counts = (
        ("left out as damaged or blank (see --damaged)", (has_picture & ~exported).sum()),
        ("without a picture", (~has_picture).sum()),
        ("of unknown time", (exported & rows["utc"].isna()).sum()),
        ("of an earlier export removed", written.removed),
    )
    parts = [f"{exported.sum():,} pictures ({written.size / 1e6:.1f} MB)"]
    parts += [f"{count:,} {what}" for what, count in counts if count]
    simulated = rows.loc[exported, "simulated"]
    sky = "; the sky is simulated" if simulated.all() else "; some of the sky is simulated" if simulated.any() else ""
    return f"{', '.join(parts)}, in {out}{sky}"
