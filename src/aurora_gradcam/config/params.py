"""The whole of params.yaml as one frozen, validated model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError, field_validator

from ..errors import ConfigError, first_problem, of_system
from .base import Frozen
from .couple import Couple
from .evaluate import Evaluate
from .extract import Extract
from .fetch import Fetch
from .gradcam import GradCam
from .illuminate import Illuminate
from .leakage import Leakage
from .ocr_utc import OcrUtc
from .predict import Predict
from .pretrain import Pretrain
from .report import Report
from .sample_label import SampleLabel
from .site import Site
from .split import Split
from .train import Train
from .watch import Watch
from .yaml_text import parse

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
    couple: Couple = Couple()
    gradcam: GradCam = GradCam()
    leakage: Leakage = Leakage()
    report: Report = Report()
    fetch: Fetch = Fetch()
    predict: Predict = Predict()
    pretrain: Pretrain = Pretrain()
    watch: Watch = Watch()

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
            raise ConfigError(
                f"'{parent}' in '{key}' holds a value and has no keys below it",
                "--set",
                "see params.yaml for the keys there are",
            )
    try:
        tree[last] = parse(text)
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
    tree = _read(path)
    for assignment in assignments:
        _assign(tree, assignment)
    try:
        return Params.model_validate(tree)
    except ValidationError as error:
        raise _bad_value(error, path, assignments) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        tree = parse(path.read_text(encoding="utf-8-sig")) or {}
    except FileNotFoundError as error:
        raise ConfigError("no such params file", path, "run in the repository's root or give --params FILE") from error
    except OSError as error:
        raise of_system(error) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        what = f"not readable as YAML: {' '.join(str(error).split())}"
        raise ConfigError(what, path, "correct that line, and save the file as UTF-8") from error
    if not isinstance(tree, dict):
        raise ConfigError("a params file is a mapping of sections", path, "write lines such as `seed: 42`")
    return tree


def _bad_value(error: ValidationError, path: Path, assignments: Sequence[str]) -> ConfigError:
    """What is wrong with the first bad key, in the file or in the assignment that it comes from."""
    key, message = first_problem(error)
    message = message.removeprefix("Value error, ")
    places = [f"--set {each}" for each in assignments if f"{key}.".startswith(f"{each.partition('=')[0].strip()}.")]
    fix = f"correct {key}; params.yaml shows what it may hold"
    if "Extra inputs" in message:
        message, fix = "unknown key", "see params.yaml for the keys there are"
    elif "valid number" in message and re.fullmatch(r"\s*[-+]?\d+,\d+\s*", str(error.errors()[0]["input"])):
        fix = "write the number with a point, not a comma"
    elif "valid dictionary" in message:
        message, fix = "this section holds no keys", "give keys below it, or remove its line"
    return ConfigError(f"{key}: {message}", places[-1] if places else path, fix)
