"""What `make leakage` wrote, for those who report it."""

from __future__ import annotations

import hashlib
from typing import Any

from ..results import LEAKAGE, read_json
from ..tables.labels import LABELLED_TABLE

PIPELINE = "the pipeline's"
"""The start of results from before several starts were compared: that of the pipeline's own run."""


def labels_digest() -> str:
    """MD5 of the labelled table, by which a result is known to belong to these labels."""
    return hashlib.md5(LABELLED_TABLE.path().read_bytes(), usedforsecurity=False).hexdigest()


def current() -> dict[str, Any] | None:
    """`seeds`, `starts` and `cameras` of the result, if there is one of the labels that are here; else None.

    A result from before there were several starts is read as that of one start and one seed.
    """
    if not LEAKAGE.exists():
        return None
    result = read_json(LEAKAGE)
    if result["labelled_md5"] != labels_digest():
        return None
    if "starts" not in result:
        one = {key: result[key] for key in ("night", "frame", "scores")}
        return {"seeds": 1, "starts": {PIPELINE: one}, "cameras": None}
    return {key: result[key] for key in ("seeds", "starts", "cameras")}
