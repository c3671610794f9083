"""YAML without code, and without a key that stands twice: PyYAML would take the last one and say nothing."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml


class _UniqueKeys(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def parse(text: str) -> Any:
    """What a text of YAML holds; yaml.YAMLError where it is none, holds code, or a key stands twice in a mapping."""
    return yaml.load(text, Loader=_UniqueKeys)  # noqa: S506
