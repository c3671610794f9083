"""Add months to a params file, and leave everything else in it as it is to the byte."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ..errors import ConfigError
from ..files import atomic_write


def add(path: Path, months: Iterable[str]) -> list[str]:
    """Add months (`2024-02`) to a params file, sorted; return those that are new. Nothing new: nothing written.

    A missing file is made, with the months alone.

    Raises
    ------
    ConfigError
        `months` is written in a way that cannot be added to; the file stays, and the error gives the line to set.
    """
    path = path.resolve()
    text = path.read_bytes().decode("utf-8") if path.exists() else ""
    listed = (yaml.safe_load(text) or {}).get("months") or []
    new = sorted(set(months) - set(listed))
    if not new:
        return []
    changed = with_months(text, new)
    wanted = sorted({*listed, *new})
    if not _differs_in_months_alone(text, changed, wanted):
        line = "months: [" + ", ".join(f'"{month}"' for month in wanted) + "]"
        raise ConfigError("the months cannot be added to this file", path, f"set it to  {line}")
    with atomic_write(path) as temporary:
        temporary.write_bytes(changed.encode("utf-8"))
        if path.exists():
            temporary.chmod(path.stat().st_mode)
    return new


def with_months(text: str, new: list[str]) -> str:
    """The YAML text with months added to its list `months`, sorted.

    ruamel.yaml finds where the list stands, and only there the text is changed: written anew by ruamel.yaml as a
    whole, a file of another style would lose its spacing, its anchors and its line ends.
    """
    key, node = _months_nodes(text)
    quoted = [f'"{month}"' for month in new]
    if key is None or node is None:
        line_end = "\r\n" if "\r\n" in text else "\n"
        before = line_end if text and not text.endswith("\n") else ""
        return f"{text}{before}months: [{', '.join(quoted)}]{line_end}"
    if isinstance(node, SequenceNode) and node.value:
        return _in_flow(text, node, quoted) if node.flow_style else _in_block(text, node, quoted)
    start, end, space = node.start_mark.index, node.end_mark.index, ""
    if start == end:  # `months:` without a value
        start = end = text.index(":", key.end_mark.index) + 1
        space = " "
    return text[:start] + f"{space}[{', '.join(quoted)}]" + text[end:]


def _months_nodes(text: str) -> tuple[Node | None, Node | None]:
    """The key `months` and its value."""
    root = YAML().compose(text)
    pairs = root.value if isinstance(root, MappingNode) else []
    matches = (pair for pair in pairs if isinstance(pair[0], ScalarNode) and pair[0].value == "months")
    return next(matches, (None, None))


def _plain(item: str) -> str:
    return item.strip("\"'")


def _in_flow(text: str, node: SequenceNode, quoted: list[str]) -> str:
    """`[...]`: the sorted items fill the old ones' places in turn, the rest follows the last place."""
    places = [(item.start_mark.index, item.end_mark.index) for item in node.value]
    items = sorted([text[start:end] for start, end in places] + quoted, key=_plain)
    items[len(places) - 1 :] = [", ".join(items[len(places) - 1 :])]
    for (start, end), item in reversed(list(zip(places, items, strict=True))):
        text = text[:start] + item + text[end:]
    return text


def _in_block(text: str, node: SequenceNode, quoted: list[str]) -> str:
    """A `- ` a line: every line, with the comments up to the next, keeps to its item."""
    starts = [text.rfind("\n", 0, item.start_mark.index) + 1 for item in node.value]
    last = text.find("\n", node.value[-1].end_mark.index) + 1
    if not last:
        text += "\n"
        last = len(text)
    ends = [*starts[1:], last]
    first = node.value[0].start_mark.index
    line_end = "\r\n" if text[:last].endswith("\r\n") else "\n"
    lines = [(_plain(item.value), text[start:end]) for item, start, end in zip(node.value, starts, ends, strict=True)]
    lines += [(_plain(item), f"{text[starts[0] : first]}{item}{line_end}") for item in quoted]
    return text[: starts[0]] + "".join(line for _, line in sorted(lines)) + text[last:]


def _differs_in_months_alone(before: str, after: str, months: list[str]) -> bool:
    try:
        tree = yaml.safe_load(after)
    except yaml.YAMLError:
        return False
    return tree == (yaml.safe_load(before) or {}) | {"months": months}
