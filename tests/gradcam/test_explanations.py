from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from aurora_gradcam.gradcam import explanations

NIGHTS = [f"2024020{night}" for night in range(1, 9)]


def rows(shift: float, nights: list[str] = NIGHTS, **names: str) -> pd.DataFrame:
    """Two frames a night; every measure is the frame's own draw plus `shift`."""
    ids = [f"{night}-{number:05d}" for night in nights for number in (10, 20)]
    draws = np.random.default_rng(3).random(len(ids)) * 0.2 + 0.3 + shift
    return pd.DataFrame({"frame_id": ids, **names, **dict.fromkeys(explanations.MEASURES, draws)})


def known() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    cams = pd.concat(
        [
            rows(0.0, target="yes", map="gradcam@features.8"),
            rows(-0.2, target="no", map="gradcam@features.8"),
            rows(0.1, target="yes", map="layercam@features.4"),
        ]
    )
    baselines = rows(-0.1, baseline="uniform").drop(columns="shift_agreement")
    ids = rows(0)["frame_id"].tolist()
    forgotten = pd.DataFrame(
        [
            (frame_id, "gradcam@features.8", part, value)
            for part, value in (("classifier", 0.5), ("features.8", 0.1))
            for frame_id in ids
        ],
        columns=["frame_id", "map", "part", "rank_correlation"],
    )
    return cams, baselines, forgotten


def test_means_are_plain_means_of_the_frames_with_their_counts():
    found = explanations.summary(*known(), "yes")
    cams = known()[0]
    for name in explanations.MEASURES:
        estimate = found["maps"]["gradcam@features.8"]["yes"][name]
        assert estimate["value"] == pytest.approx(cams.loc[cams["target"] == "yes", name].iloc[:16].mean(), abs=1e-6)
        assert estimate["low"] < estimate["value"] < estimate["high"]
        assert (estimate["frames"], estimate["nights"]) == (16, 8)


def test_differences_are_paired_by_frame():
    found = explanations.summary(*known(), "yes")["minus_drawn"]
    assert list(found) == ["layercam@features.4", "uniform"]
    for name, gap in (("layercam@features.4", 0.1), ("uniform", -0.1)):
        road = found[name]["road"]  # the same in each frame: no spread is left, as there would be unpaired
        assert [road[key] for key in ("value", "low", "high")] == pytest.approx([gap] * 3, abs=1e-6)
    assert "shift_agreement" not in found["uniform"]


def test_the_best_map_by_each_measure_is_named_and_deletion_is_better_low():
    best = explanations.summary(*known(), "yes")["best"]
    assert best.pop("deletion") == "gradcam@features.8"
    assert set(best.values()) == {"layercam@features.4"}


def test_undefined_frames_are_left_out_and_few_nights_say_so():
    cams, baselines, forgotten = known()
    cams.loc[~cams["frame_id"].str.startswith(tuple(NIGHTS[:3])), "pointing_hit"] = np.nan
    found = explanations.summary(cams, baselines, forgotten, "yes")
    hit = found["maps"]["gradcam@features.8"]["yes"]["pointing_hit"]
    assert hit == {"value": None, "low": None, "high": None, "frames": 6, "nights": 3, "too_few_nights": True}
    assert found["best"]["pointing_hit"] is None
    json.dumps(found, allow_nan=False)


def test_randomisation_keeps_the_order_of_the_cascade():
    curve = explanations.summary(*known(), "yes")["randomisation"]["gradcam@features.8"]
    assert [(step["part"], step["value"], step["nights"]) for step in curve] == [
        ("classifier", 0.5, 8),
        ("features.8", 0.1, 8),
    ]
