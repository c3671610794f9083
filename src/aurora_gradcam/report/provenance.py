"""What the results were made from: versions, parameters, the classifier's card, and the hashes of dvc.lock.

Two clones with the same inputs give the same text: no date, no path, no commit. The commit is found from the hashes
(`FIND_COMMIT`), since a page cannot name the commit that it is part of.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..config import Params

LOCK = Path("dvc.lock")
CLASSIFIER = "data/models/classifier.safetensors"
FIND_COMMIT = "git log -1 --format=%h -S {md5} -- dvc.lock"
OWN_STAGE = "report"
"""Left out: DVC writes a stage's entry after the stage, so the one in the lock is that of the run before."""
PACKAGES = (
    "numpy", "pandas", "pyarrow", "scipy", "pillow", "pytesseract", "skyfield", "skyfield-data", "ppigrf", "torch",
    "torchvision", "safetensors", "scikit-learn", "grad-cam", "matplotlib", "typst", "Jinja2",
)  # fmt: skip


@dataclass(frozen=True)
class Hash:
    """What DVC tracks: path below the project's root, MD5 (of a folder: of the list of its files) and bytes."""

    path: str
    md5: str
    size: int | None


@dataclass(frozen=True)
class Lock:
    """The lock of a run: data by path, and the MD5 of the classifier."""

    data: tuple[Hash, ...]
    classifier: str | None


def versions() -> list[tuple[str, str]]:
    """Python and the packages that can change results; a build tag, as in `2.13.0+cpu`, is left out."""
    rows = [("Python", f"{sys.version_info.major}.{sys.version_info.minor}")]
    for name in PACKAGES:
        try:
            rows.append((name, importlib.metadata.version(name).partition("+")[0]))
        except importlib.metadata.PackageNotFoundError:
            rows.append((name, "not installed"))
    return rows


def _leaves(tree: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield above + key, value


def _text(value: Any) -> str:
    """A parameter without the brackets and quotes of JSON."""
    if isinstance(value, dict):
        return " ".join(f"{key} {_text(item)}" for key, item in value.items())
    if isinstance(value, list):
        between = "; " if any(isinstance(item, dict) for item in value) else ", "
        return between.join(_text(item) for item in value) or "none"
    return value if isinstance(value, str) else json.dumps(value)


def differing(params: Params) -> list[tuple[str, str, str]]:
    """(key, value, default) of each parameter that differs from its default."""
    ours, defaults = (dict(_leaves(tree.model_dump(mode="json"))) for tree in (params, Params()))
    keys = dict.fromkeys([*ours, *defaults])
    return [(key, _text(ours.get(key)), _text(defaults.get(key))) for key in keys if ours.get(key) != defaults.get(key)]


def beside(settings: dict[str, Any], params: Params) -> list[tuple[str, str, str]]:
    """(key, its value in `settings`, its value in the parameters) by dotted key."""
    ours = dict(_leaves(params.model_dump(mode="json")))
    return [(key, _text(value), _text(ours.get(key))) for key, value in settings.items()]


def card_rows(model: dict[str, Any]) -> list[tuple[str, str]]:
    """(what, value) of model.json; what it does not hold is left out."""
    of = model.get("provenance", {})
    weights, best = of.get("weights") or {}, of.get("best_epoch") or {}
    rows = [
        ("architecture", model["backbone"]),
        ("input", f"{model['image_size']} × {model['image_size']} pixels"),
        ("starting weights", weights.get("name")),
        ("SHA-256 of the starting weights", weights.get("sha256")),
        ("best epoch", best.get("epoch")),
        ("temperature", f"{model['temperature']:.6g}"),
        ("threshold on P(yes)", f"{model['threshold']:.6g}"),
        ("further heads", ", ".join(of.get("heads") or {}) or None),
        ("seed", of.get("seed")),
        ("SHA-256 of the split", of.get("split_sha256")),
        ("SHA-256 of the classifier", of.get("classifier_sha256")),
    ]
    return [(what, str(value)) for what, value in rows if value is not None]


def lock(params: Params) -> Lock | None:
    """The entries of dvc.lock for all stages before report; None without a dvc.lock.

    DVC keeps the entries of months that params.yaml no longer lists; they are left out.
    """
    if not LOCK.exists():
        return None
    stages = (yaml.safe_load(LOCK.read_text(encoding="utf-8")) or {}).get("stages") or {}
    entries = {
        Hash(entry["path"], str(entry.get("md5")), entry.get("size"))
        for name, stage in stages.items()
        if name != OWN_STAGE and name.partition("@")[2] in ("", *params.months)
        for entry in [*stage.get("deps", []), *stage.get("outs", [])]
    }
    ordered = sorted(entries, key=lambda entry: (entry.path, entry.md5))
    data = [entry for entry in ordered if entry.path.startswith("data/")]
    folders = {entry.path for entry in data} - {"data/models"}  # the parts of data/models are shown one by one
    return Lock(
        data=tuple(
            entry
            for entry in data
            if entry.path != "data/models" and not any(str(above) in folders for above in Path(entry.path).parents)
        ),
        classifier=next((entry.md5 for entry in data if entry.path == CLASSIFIER), None),
    )
