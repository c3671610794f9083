from __future__ import annotations

import pandas as pd
import pytest

from aurora_gradcam.errors import DataError, InputError
from aurora_gradcam.tables.sky import SKY_TABLE
from aurora_gradcam.tables.split import SPLIT_TABLE


def test_a_table_comes_back_as_it_was_written(tiny_project):
    split = SPLIT_TABLE.read()
    pd.testing.assert_frame_equal(split, tiny_project.astype(split.dtypes))
    assert SKY_TABLE.read()["utc"].dtype == "datetime64[us, UTC]"


def test_the_same_rows_give_the_same_bytes(tiny_project):
    first = SPLIT_TABLE.write(tiny_project).read_bytes()
    assert SPLIT_TABLE.write(tiny_project.copy()).read_bytes() == first


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"label": "maybe"}, "label"),
        ({"frame_id": "20240201_10"}, "frame_id"),
        ({"split": "holdout"}, "split"),
    ],
)
def test_a_broken_contract_names_the_column(tiny_project, change, named):
    with pytest.raises(DataError, match=named):
        SPLIT_TABLE.write(tiny_project.assign(**change))


def test_a_frame_twice_is_refused(tiny_project):
    with pytest.raises(DataError, match="unique"):
        SPLIT_TABLE.write(pd.concat([tiny_project, tiny_project.head(1)]))


def test_a_missing_column_is_refused(tiny_project):
    with pytest.raises(DataError, match="night"):
        SPLIT_TABLE.write(tiny_project.drop(columns="night"))


def test_a_missing_table_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="dvc repro"):
        SKY_TABLE.read()


def test_a_file_that_is_no_table(tiny_project):
    SKY_TABLE.path().write_bytes(b"not parquet")
    with pytest.raises(DataError, match="sky.parquet"):
        SKY_TABLE.read()
