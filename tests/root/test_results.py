"""Numbers in results files, and which split is held out."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from aurora_gradcam import results
from aurora_gradcam.tables.split import held_out_split


def test_numbers_are_rounded_and_undefined_ones_null():
    tree = {"a": {"b": np.float64(1 / 3), "c": float("nan"), "d": np.int64(3)}, "e": "text", "f": (1e-9, float("inf"))}
    assert results.rounded(tree) == {"a": {"b": 0.333333, "c": None, "d": 3}, "e": "text", "f": [0.0, None]}


def test_rounding_twice_changes_nothing():
    tree = {"a": [0.1 + 0.2, -1e-7, None, True]}
    assert results.rounded(results.rounded(tree)) == results.rounded(tree)


def test_json_keeps_the_order_of_its_keys_and_refuses_nan(tmp_path):
    path = tmp_path / "a/results.json"
    results.write_json(path, {"b": 1, "a": None})
    assert list(json.loads(path.read_text())) == ["b", "a"]
    assert results.read_json(path) == {"b": 1, "a": None}
    with pytest.raises(ValueError, match="JSON"):
        results.write_json(path, {"a": float("nan")})
    assert results.read_json(path) == {"b": 1, "a": None}


def test_val_is_held_out_where_there_is_no_test():
    assert held_out_split(pd.DataFrame({"split": ["val", "test"]})) == "test"
    assert held_out_split(pd.DataFrame({"split": ["train", "val"]})) == "val"
