"""The `aurora` command: everything that is not a stage."""

from __future__ import annotations

import logging
from pathlib import Path

import typer

from .commands.camera import camera
from .commands.doctor import doctor
from .commands.export import export
from .commands.fetch import fetch
from .commands.label import label
from .commands.predict import predict
from .commands.pretrain import pretrain
from .commands.simulate import simulate
from .commands.sky import sky
from .commands.watch import watch
from .errors import exit_clearly
from .stage import PACKAGE, other_checkout

logger = logging.getLogger(__name__)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help=__doc__,
)


@app.callback()
def root() -> None:
    """Aurora detection in all-sky imagery; the stages themselves run by `dvc repro`."""
    if own := other_checkout(Path.cwd()):
        logger.warning(f"{PACKAGE} runs, not this folder's {own}: make setup here, or set PYTHONPATH=src")


for command in (camera, fetch, label, predict, watch, export, sky, simulate, pretrain, doctor):
    app.command()(command)


@exit_clearly
def main() -> None:
    """Run the command line; an error that a user can fix is one line and exit status 2."""
    app()
