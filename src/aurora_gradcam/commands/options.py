"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ..config import PARAMS_FILE, Params, load
from ..errors import ConfigError

ParamsFile = Annotated[
    Path, typer.Option("--params", help="Params file of the camera; keys left out: AuroraMAX's and the study's.")
]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", help="Override a value, such as extract.circle.radius=240. Repeatable.")
]


def params_of(path: Path, assignments: list[str] | None) -> Params:
    """The params file with `--set` on top; AuroraMAX's and the study's values where there is no params.yaml here."""
    if path == PARAMS_FILE and not path.exists():
        return load(Path(os.devnull), assignments or ())
    if not path.is_file():
        raise ConfigError("no such params file", path, "give the path of a YAML file such as params.yaml")
    return load(path, assignments or ())
