"""The thesis: what thesis.typ reads, and the PDF that Typst makes of it, offline and the same bytes everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pandas as pd
import typst

from ..config import Params
from ..errors import InputError, ToolError
from ..files import atomic_write, write_text
from ..results import write_json
from .inputs import Inputs
from .thesis_tables import tables

SOURCE = Path("thesis/thesis.typ")
FIGURES = Path("thesis/figures")
TABLES = Path("thesis/tables")
RESULTS = TABLES / "results.json"
PARAMS = TABLES / "params.json"
PDF = Path("thesis/thesis.pdf")


def write_table(name: str, table: pd.DataFrame) -> None:
    """Write thesis/tables/<name>.csv, whole."""
    write_text(TABLES / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))


def write_results(
    metrics: dict[str, Any], held_out: str, figures: Iterable[str], warnings: list[tuple[str, str]]
) -> None:
    """Write what the thesis says of this run: the metrics, the held-out set, its figures, and the warnings."""
    written = {
        **metrics,
        "held_out": held_out,
        "figures": sorted(figures),
        "warnings": [{"stage": stage, "message": message} for stage, message in warnings],
    }
    write_json(RESULTS, written)


def write(data: Inputs, metrics: dict[str, Any], params: Params, figures: Iterable[str]) -> None:
    """Write tables, results and PDF; `metrics` with point estimates, `figures`: names of those drawn."""
    for name, table in tables(data.frames, data.sky, metrics).items():
        write_table(name, table)
    write_json(PARAMS, params.model_dump(mode="json"))  # with the defaults of keys that params.yaml leaves out
    write_results(metrics, data.held_out, figures, data.warnings)
    compile_pdf()


def compile_pdf(source: Path = SOURCE, target: Path = PDF) -> None:
    """Compile the thesis, whole; its figures, tables and numbers are read from the current folder.

    Only Typst's own fonts are used, and no date is written: the bytes depend on the inputs alone.
    """
    if not source.exists():
        raise InputError("the source of the thesis is missing", source, "restore it from Git")
    try:
        content = typst.Compiler(str(source), root=".", ignore_system_fonts=True).compile(format="pdf")
    except typst.TypstError as error:
        raise ToolError(f"Typst failed: {' '.join(str(error).split())}", source) from error
    with atomic_write(target) as temporary:
        temporary.write_bytes(cast(bytes, content))  # a list of pages only for pictures
