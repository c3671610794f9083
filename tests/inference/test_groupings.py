"""The occurrence by group: which frames stand in it, and with what."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from aurora_gradcam.conditions import CONDITIONS, condition_name
from aurora_gradcam.config import Site
from aurora_gradcam.inference import groupings

NIGHTS = [f"202402{day:02d}" for day in range(1, 13)]


@pytest.fixture(scope="module")
def every() -> pd.DataFrame:
    """Twelve nights of 18 frames, two in each condition; a third are called aurora; one frame lies in twilight."""
    rows = []
    for number, night in enumerate(NIGHTS):
        start = pd.Timestamp(night, tz="UTC") + pd.Timedelta(hours=6)
        for k in range(18):
            sun, moon = CONDITIONS[k // 2]
            called = (k + number) % 3 == 0
            rows.append((f"{night}-{k:05d}", night, start + pd.Timedelta(minutes=10 * k), sun, moon, called))
    frame = pd.DataFrame(rows, columns=["frame_id", "night", "utc", "sun_class", "moon_class", "is_aurora"])
    frame.loc[0, "sun_class"] = "Civil"
    return frame.assign(p_aurora=np.where(frame["is_aurora"], 0.9, 0.1))


@pytest.fixture(scope="module")
def kept(every) -> pd.DataFrame:
    """Every third frame labelled, each rightly called."""
    some = every.iloc[1::3]
    return pd.DataFrame(
        {"frame_id": some["frame_id"], "label": np.where(some["is_aurora"], "yes", "no"), "weight": 3.0}
    )


@pytest.fixture(scope="module")
def table(every, kept) -> pd.DataFrame:
    return groupings.occurrence_table(every, kept, Site())


def values(table: pd.DataFrame, grouping: str, method: str = "apparent") -> pd.DataFrame:
    return table[(table["grouping"] == grouping) & (table["method"] == method)].set_index("group")


def test_every_grouping_holds_the_frames_of_the_nine_conditions_once(table, every):
    for grouping in ("all", "condition", "month", "utc_hour", "magnetic_local_time"):
        assert values(table, grouping)["frames"].sum() == len(every) - 1
    assert list(values(table, "condition").index) == [condition_name(*condition) for condition in CONDITIONS]


def test_the_apparent_share_is_counted(table, every):
    inside = every[every["sun_class"] != "Civil"]
    assert values(table, "all").loc["all", "value"] == pytest.approx(inside["is_aurora"].mean())
    by_hour = inside.groupby(inside["utc"].dt.hour)["is_aurora"].mean()
    assert values(table, "utc_hour")["value"].to_dict() == pytest.approx(by_hour.to_dict())


def test_magnetic_midnight_at_yellowknife_is_near_half_past_eight(table):
    # 06:00 to 08:50 UT are some two and a half hours before it to just after it
    assert list(values(table, "magnetic_local_time").index) == [0, 21, 22, 23]


def test_the_nested_form_keeps_all_frames_and_conditions_alone(table):
    tree = groupings.nested(table)
    assert list(tree) == ["all", *(condition_name(*condition) for condition in CONDITIONS)]
    assert set(tree["all"]) == {"apparent", "rogan_gladen", "prediction_powered"}
    assert tree["all"]["apparent"]["nights"] == len(NIGHTS) and "too_few_nights" not in tree["all"]["apparent"]
