"""The one door to torchvision: opens it also where its compiled operators do not load, as beside a CPU-only torch.

Everything that uses torchvision, also by way of pytorch_grad_cam, imports this module first.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_library: torch.library.Library | None = None  # the schemas live as long as this object


def operators_load() -> bool:
    """Whether torchvision's compiled operators can be loaded into this torch; loads them if so."""
    spec = importlib.util.find_spec("torchvision")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for compiled in sorted([*Path(folder).glob("_C*.so"), *Path(folder).glob("_C*.pyd")]):
            try:
                torch.ops.load_library(str(compiled))
                return True
            except (OSError, RuntimeError):
                continue
    return False


def import_torchvision() -> ModuleType:
    """Import torchvision; where its operators do not load, first define the two schemas that its import looks up.

    The schemas have no implementation: calling them still fails, and nothing here calls them.
    """
    global _library
    if _library is None and not operators_load():
        _library = torch.library.Library("torchvision", "DEF")
        for schema in _SCHEMAS:
            _library.define(schema)
    return importlib.import_module("torchvision")


torchvision = import_torchvision()

from torchvision import models  # noqa: E402
from torchvision.transforms import v2 as transforms  # noqa: E402

__all__ = ["models", "torchvision", "transforms"]
