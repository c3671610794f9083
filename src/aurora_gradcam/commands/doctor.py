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
    """Check programs, packages, repository, data, disk and GPU, and name the command that mends what lacks.

    Run it in the repository's root. It uses no network and changes nothing; exit status 2 where the pipeline could not
    run.

    For example:

    aurora doctor
    """
    from ..doctor.project import examine

    checks = examine(Path.cwd())
    _show(checks)
    lacking = [check for check in checks if check.is_needed and check.state != "ok"]
    if lacking:
        names = ", ".join(check.name for check in lacking)
        raise ToolError(f"the pipeline cannot run here yet: {names}", "aurora doctor", lacking[0].fix)
    typer.echo("Everything that the pipeline needs is here.")


def _show(checks: Sequence[Check]) -> None:
    """A table on a terminal; plain lines of name, state, what was found and the fix, with tabs between, in a pipe."""
    if not sys.stdout.isatty():
        for check in checks:
            typer.echo("\t".join(filter(None, (check.name, check.state, check.found, check.fix))))
        return
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("", "", "found", "to mend it", box=box.SIMPLE_HEAD)
    for check in checks:
        colour = "green" if check.state == "ok" else "red" if check.is_needed else "yellow"
        table.add_row(check.name, f"[{colour}]{check.state}[/]", escape(check.found), escape(check.fix))
    Console().print(table)
