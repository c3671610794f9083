"""What all stages share as programs: params, errors on one line, and the warnings of the run kept for the report."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from . import config, files, logs, processes
from .errors import ConfigError, InputError, exit_clearly

WARNINGS = Path("reports/warnings")
WRITTEN = (Path("data"), Path("reports"), Path("thesis"))
"""Below which stages write."""
PACKAGE = Path(__file__).resolve().parent


def warnings_path(stage: str, month: str = "") -> Path:
    """Where a stage leaves the warnings of its last run, a line each."""
    return WARNINGS / stage / f"{month}.txt" if month else WARNINGS / f"{stage}.txt"


def other_checkout(folder: Path) -> Path | None:
    """The package in a folder's own `src` where it is not the one that runs; None where it is, or there is none."""
    own = (folder / "src" / PACKAGE.name).resolve()
    return own if own.is_dir() and own != PACKAGE else None


def check_own_code(folder: Path) -> None:
    """A ConfigError where a checkout runs another one's code, so that dvc.lock would record what did not run."""
    if own := other_checkout(folder):
        what = f"the code that runs is {PACKAGE} and not this folder's {own}"
        raise ConfigError(what, folder, "run it by `dvc repro`, or set PYTHONPATH=src")


def stage_main(run: Callable[..., None], takes: Literal["", "month"] = "", keep_warnings: bool = True) -> Callable:
    """The entry point of the stage whose file holds `run`: `python -m aurora_gradcam.preprocessing.extract 2024-02`.

    Parameters
    ----------
    run
        Called with the params of the current folder and, where the stage `takes` a month, with that.
    keep_warnings
        Whether the warnings of the run are an output of the stage.
    """
    name = Path(run.__code__.co_filename).stem

    @exit_clearly
    def main() -> None:
        given = sys.argv[1:]
        if len(given) != (1 if takes else 0):
            wanted = "one month, such as 2024-02" if takes else "no arguments"
            raise InputError(f"the stage {name} takes {wanted}", "command line", "run it by `dvc repro`")
        check_own_code(Path.cwd())
        processes.end_with_dvc()
        files.remove_leftovers(*WRITTEN)
        with logs.collected(logging.WARNING) as records:
            run(config.load(), *given)
        if keep_warnings:
            text = "".join(f"{record.getMessage()}\n" for record in records)
            files.write_text(warnings_path(name, *given), text)

    return main
