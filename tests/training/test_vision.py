from __future__ import annotations

import ast
from pathlib import Path

import torch

from aurora_gradcam.training import vision

SOURCES = Path(vision.__file__).parents[1]


def test_torchvision_opens_and_its_schemas_are_defined():
    assert "efficientnet_b1" in vision.models.list_models()
    assert torch.ops.torchvision.nms.default._schema.name == "torchvision::nms"
    assert vision.transforms.CenterCrop(2)(torch.zeros(3, 4, 4)).shape == (3, 2, 2)


def test_nothing_is_defined_where_the_operators_load(monkeypatch):
    monkeypatch.setattr(vision, "_library", None)
    monkeypatch.setattr(vision, "operators_load", lambda: True)
    assert vision.import_torchvision() is vision.torchvision
    assert vision._library is None


def test_a_second_import_defines_nothing_twice(monkeypatch):
    kept = object()
    monkeypatch.setattr(vision, "_library", kept)
    monkeypatch.setattr(vision, "operators_load", lambda: False)
    vision.import_torchvision()
    assert vision._library is kept


def test_a_torch_without_the_operators_is_noticed(monkeypatch):
    def refuse(path):
        raise OSError(path)

    monkeypatch.setattr(torch.ops, "load_library", refuse)
    assert not vision.operators_load()
    monkeypatch.setattr(torch.ops, "load_library", lambda path: None)
    assert vision.operators_load()


def test_only_this_module_imports_torchvision():
    imports = {}
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            if any(name.split(".")[0] == "torchvision" for name in names):
                imports.setdefault(path.relative_to(SOURCES).as_posix(), names)
    assert list(imports) == ["training/vision.py"]
