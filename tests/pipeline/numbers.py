"""Find the numbers that a Markdown text claims, and look for each in what was measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

NUMBER = r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w]|\.\d|,\d)"
CLAIM = re.compile(rf"({NUMBER})(?:\s+\(({NUMBER})\s+to\s+({NUMBER})\))?(?:\s+(%|hours|MB)(?!\w))?")
PER_UNIT = {"%": 0.01, "hours": 3600.0, "MB": 1e6}
"""How many of what is stored (shares, seconds, bytes) are one of the unit."""
TOP = "top"


@dataclass(frozen=True)
class Claim:
    """A number as it is written, alone or with its interval, and the unit after it."""

    texts: tuple[str, ...]
    unit: str = ""

    def __str__(self) -> str:
        told = self.texts[0] if len(self.texts) == 1 else "{} ({} to {})".format(*self.texts)
        return f"{told} {self.unit}".strip()


def sections(markdown: str) -> dict[str, str]:
    """Prose and tables below each `## heading`, the start as `TOP`, without code, comments and addresses of links."""
    text = re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<!--.*?-->|`[^`\n]*`|(?<=\])\([^)]*\)|https?://\S+", "", text, flags=re.DOTALL)
    text = re.sub(r"^ *\d+\. ", "", text, flags=re.MULTILINE)  # numbers of a list
    names = [TOP, *re.findall(r"^## (.*)$", text, flags=re.MULTILINE)]
    return dict(zip(names, re.split(r"^## .*$", text, flags=re.MULTILINE), strict=True))


def claim_of(found: re.Match[str]) -> Claim:
    """The claim that a match of `CLAIM` makes."""
    return Claim(tuple(filter(None, found.groups()[:3])), found[4] or "")


def claims(text: str) -> list[Claim]:
    """All numbers of a text in order; one with its interval, `0.9 (0.8 to 1.0)`, is one claim. `B1` holds none."""
    return [claim_of(found) for found in CLAIM.finditer(text)]


def leaves(tree: Any) -> Iterator[float]:
    """Every number in a JSON tree, and those in its sentences."""
    if isinstance(tree, dict | list):
        for value in tree.values() if isinstance(tree, dict) else tree:
            yield from leaves(value)
    elif isinstance(tree, str):
        yield from (float(claim.texts[0].replace(",", "")) for claim in claims(tree))
    elif isinstance(tree, int | float) and not isinstance(tree, bool):
        yield tree


def estimates(tree: Any) -> Iterator[tuple[float, float, float]]:
    """Every (value, low, high) in a JSON tree that is known."""
    if isinstance(tree, dict) and {"value", "low", "high"} <= tree.keys():
        if None not in (tree["value"], tree["low"], tree["high"]):
            yield tree["value"], tree["low"], tree["high"]
    elif isinstance(tree, dict | list):
        for value in tree.values() if isinstance(tree, dict) else tree:
            yield from estimates(value)


def written(value: float, like: str) -> str:
    """A value with as many decimals, and thousands set off, as the text has."""
    decimals = len(like.partition(".")[2])
    return f"{value:,.{decimals}f}" if "," in like else f"{value:.{decimals}f}"


def holds(tree: Any, claim: Claim) -> bool:
    """Whether a tree has the claim's number, rounded as it is written; a whole number stands for a whole one."""
    per_unit = PER_UNIT.get(claim.unit, 1.0)
    if len(claim.texts) == 3:
        return any(
            all(written(value / per_unit, text) == text for value, text in zip(estimate, claim.texts, strict=True))
            for estimate in estimates(tree)
        )
    (text,) = claim.texts
    whole = "." not in text and not claim.unit
    return any(written(value / per_unit, text) == text for value in leaves(tree) if not whole or value == int(value))
