"""`aurora doctor`: whether this machine has what the project needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import ToolError

if TYPE_CHECKING:
    from ..doctor.machine import Check


def doctor() -> None:
    """Check programs, packages, code, repository, data, disk and GPU, and name the command that puts each right.

    Run it in the repository's root. It uses no network and changes nothing; exit status 2 where the pipeline could not
    run.

    For example:

    aurora doctor
    """
    from ..doctor.project import examine

    checks = examine(Path.cwd())
    _show(checks)
    problems = [check for check in checks if check.state != "ok"]
    if needed := [check for check in problems if check.is_needed]:
        names = ", ".join(check.name for check in needed)
        raise ToolError(f"the pipeline cannot run here yet: {names}", "aurora doctor", needed[0].fix)
    if problems:
        remedies = "; ".join(f"{check.name} ({check.fix})" for check in problems)
        typer.echo(f"The pipeline can run here. Still open: {remedies}.")
    else:
        typer.echo("Everything that the pipeline needs is here.")


def _show(checks: Sequence[Check]) -> None:
    """A table on a terminal; in a pipe, plain lines of name, state, finding and fix with tabs between."""
    if not sys.stdout.isatty():
        for check in checks:
            typer.echo("\t".join(filter(None, (check.name, check.state, check.finding, check.fix))))
        return
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("", "", "finding", "fix", box=box.SIMPLE_HEAD)
    for check in checks:
        colour = "green" if check.state == "ok" else "red" if check.is_needed else "yellow"
        table.add_row(check.name, f"[{colour}]{check.state}[/]", escape(check.finding), escape(check.fix))
    Console().print(table)
