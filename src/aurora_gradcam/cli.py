"""The `aurora` command: everything that is not a stage. Each command is a thin call into its package."""

from __future__ import annotations

import typer

from .errors import exit_clearly

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.callback()
def root() -> None:
    """Aurora detection in all-sky imagery; the stages themselves run by `dvc repro`."""


@exit_clearly
def main() -> None:
    """Run the command line; a mendable error is one line and exit status 2."""
    app()
