"""The bundled sample, as the remote holds it: its times and its make-up against the simulator's truth."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from aurora_gradcam.conditions import CONDITIONS

ROOT = Path(__file__).parents[2]
LOCK = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]


def stored(md5: str) -> bytes:
    return (ROOT / "data/remote/files/md5" / md5[:2] / md5[2:]).read_bytes()


def output(path: str) -> pd.DataFrame:
    """A table that a stage wrote."""
    entries = {entry["path"]: entry["md5"] for stage in LOCK.values() for entry in stage["outs"]}
    return pd.read_parquet(io.BytesIO(stored(entries[path])))


def outputs(folder: str) -> pd.DataFrame:
    months = yaml.safe_load((ROOT / "params.yaml").read_text())["months"]
    return pd.concat([output(f"{folder}/{month}.parquet") for month in months], ignore_index=True)


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    pointer = yaml.safe_load((ROOT / "data/labels/truth.dvc").read_text())["outs"][0]["md5"]
    members = json.loads(stored(pointer))
    tables = [stored(member["md5"]) for member in members if member["relpath"].endswith(".parquet")]
    return pd.concat([pd.read_parquet(io.BytesIO(table)) for table in tables], ignore_index=True)


def test_every_time_is_right_or_says_that_it_is_not_read(truth):
    times = outputs("data/tables/times").merge(truth[["frame_id", "utc"]], on="frame_id", suffixes=("", "_true"))
    assert len(times) == 2099
    wrong = times["utc"] != times["utc_true"]
    assert not (wrong & times["time_status"].isin(["read", "repaired"])).any()
    assert wrong.sum() == 0  # on this sample the others are right as well


def test_every_damaged_frame_is_told(truth):
    frames = outputs("data/tables/frames").merge(truth[["frame_id", "usable"]], on="frame_id")
    unusable = set(frames.loc[~frames["usable"], "frame_id"])
    told = set(frames.loc[frames["status"] != "ok", "frame_id"])
    # after the black pictures of 20250121 the encoder begins anew: its damage ends before the simulator says so
    assert unusable - told == {"20250121-00080", "20250121-00090"} and told <= unusable
    assert set(frames["status"]) == {"ok", "corrupt", "blank"}


def test_all_nine_conditions_are_there_and_enough_dark_nights():
    sky = output("data/tables/sky.parquet")
    assert set(zip(sky["sun_class"], sky["moon_class"], strict=True)) == set(CONDITIONS)
    dark = sky[(sky["sun_class"] == "Night") & (sky["moon_class"] == "No_Moon")]
    assert dark["frame_id"].str[:8].nunique() >= 50


def test_no_night_stands_on_two_sides():
    split = output("data/tables/split.parquet")
    assert len(split[["night", "split"]].drop_duplicates()) == split["night"].nunique()
    assert set(split["split"]) == {"train", "val", "test"}
