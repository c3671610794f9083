"""The whole of params.yaml as one frozen, validated model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError, field_validator

from ..errors import ConfigError, first_problem
from .base import Frozen
from .evaluate import Evaluate
from .extract import Extract
from .fetch import Fetch
from .gradcam import GradCam
from .illuminate import Illuminate
from .ocr_utc import OcrUtc
from .predict import Predict
from .pretrain import Pretrain
from .report import Report
from .sample_label import SampleLabel
from .site import Site
from .split import Split
from .train import Train

PARAMS_FILE = Path("params.yaml")


class Params(Frozen):
    """The whole of params.yaml."""

    site: Site = Site()
    months: tuple[Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")], ...] = ()
    seed: Annotated[int, Field(ge=0)] = 42
    extract: Extract = Extract()
    ocr_utc: OcrUtc = OcrUtc()
    illuminate: Illuminate = Illuminate()
    sample_label: SampleLabel = SampleLabel()
    split: Split = Split()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()
    gradcam: GradCam = GradCam()
    report: Report = Report()
    fetch: Fetch = Fetch()
    predict: Predict = Predict()
    pretrain: Pretrain = Pretrain()

    @field_validator("months")
    @classmethod
    def distinct(cls, months: tuple[str, ...]) -> tuple[str, ...]:
        """No month twice."""
        if len(set(months)) != len(months):
            raise ValueError("a month is listed twice")
        return months


def _assign(tree: dict[str, Any], assignment: str) -> None:
    key, equals, text = assignment.partition("=")
    if not equals or not key:
        raise ConfigError(f"'{assignment}' is no key=value", "--set", "write it like extract.circle.radius=240")
    *parents, last = key.strip().split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"'{parent}' in '{key}' holds a value and has no keys below it", "--set")
    try:
        tree[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"the value of '{key}' is no YAML", f"--set {assignment}", "quote it") from error


def load(path: Path = PARAMS_FILE, assignments: Sequence[str] = ()) -> Params:
    """Read and check a params file.

    Parameters
    ----------
    path
        A YAML file; keys it leaves out take the study's values.
    assignments
        `dotted.key=YAML value` texts that override the file (`--set`).

    Raises
    ------
    ConfigError
        No such file, no YAML, an unknown key or a bad value, named by its dotted key.
    """
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError as error:
        raise ConfigError("no such params file", path, "run in the repository's root or give --params FILE") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"not readable as YAML: {' '.join(str(error).split())}", path) from error
    if not isinstance(tree, dict):
        raise ConfigError("a params file is a mapping of sections", path)
    for assignment in assignments:
        _assign(tree, assignment)
    try:
        return Params.model_validate(tree)
    except ValidationError as error:
        key, message = first_problem(error)
        fix = "see params.yaml for the keys there are" if "Extra inputs" in message else ""
        message = "unknown key" if fix else message.removeprefix("Value error, ")
        raise ConfigError(f"{key}: {message}", path, fix) from error
