"""The thesis: tables for it, and thesis.typ set to PDF by Typst, offline and with the same bytes everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import typst

from ..conditions import MOON_CLASSES, SUN_CLASSES
from ..errors import InputError, ToolError
from ..files import atomic_write
from ..frame_ids import month_of
from ..tables.frames import FRAME_STATUSES
from ..tables.split import SPLITS

SOURCE = Path("thesis/thesis.typ")
FIGURES = Path("thesis/figures")
TABLES = Path("thesis/tables")
PDF = Path("thesis/thesis.pdf")


def months_table(frames: pd.DataFrame) -> pd.DataFrame:
    """Nights and frames of each month, and frames by status."""
    by_month = frames.assign(month=frames["night"].map(month_of)).groupby("month")
    counts = {"nights": by_month["night"].nunique(), "frames": by_month.size()}
    for status in FRAME_STATUSES:
        counts[status] = by_month["status"].agg(lambda column, status=status: int((column == status).sum()))
    return pd.DataFrame(counts).reset_index()


def illumination_table(sky: pd.DataFrame) -> pd.DataFrame:
    """Frames by sun class (rows) and moon class (columns), classified or not."""
    counts = sky.groupby(["sun_class", "moon_class"]).size()
    rows = [
        {"sun_class": sun, **{moon: int(counts.get((sun, moon), 0)) for moon in MOON_CLASSES}} for sun in SUN_CLASSES
    ]
    return pd.DataFrame(rows).assign(all=lambda table: table[list(MOON_CLASSES)].sum(axis=1))


def split_table(counts: dict[str, Any]) -> pd.DataFrame:
    """Frames, classes and nights by split; `counts` as in metrics.json."""
    return pd.DataFrame([{"split": name, **counts[name]} for name in SPLITS])


def tables(frames: pd.DataFrame, sky: pd.DataFrame, metrics: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """All tables of the thesis by file name; an undefined number is an empty field."""
    return {
        "months": months_table(frames),
        "illumination": illumination_table(sky),
        "split": split_table(metrics["split"]),
    }


def write_table(name: str, table: pd.DataFrame) -> Path:
    """Write thesis/tables/<name>.csv, whole."""
    path = TABLES / f"{name}.csv"
    with atomic_write(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    return path


def compile_pdf(source: Path = SOURCE, target: Path = PDF) -> None:
    """Set the thesis, whole; its figures, tables and numbers are read from the current folder at this moment.

    Only the fonts inside Typst are used, and no date is written: the bytes depend on the inputs alone.
    """
    if not source.exists():
        raise InputError("the thesis has no source", source, "restore it from Git")
    try:
        content = typst.Compiler(str(source), root=".", ignore_system_fonts=True).compile(format="pdf")
    except typst.TypstError as error:
        raise ToolError(f"Typst cannot set the thesis: {' '.join(str(error).split())}", source) from error
    with atomic_write(target) as temporary:
        temporary.write_bytes(content)
