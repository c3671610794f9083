from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from aurora_gradcam.inference.classify import predictions
from aurora_gradcam.prediction import page, thumbnails


def table(margins: list[float | None], threshold: float = 0.5) -> pd.DataFrame:
    """Rows with these differences of the logits; None for a frame without a picture."""
    good = [number for number, margin in enumerate(margins) if margin is not None]
    logits = np.array([[0.0, margins[number]] for number in good]).reshape(-1, 2)
    rows = predictions(good, logits, 1.0, threshold).set_index("frame_id")
    return rows.reindex(range(len(margins))).astype({"is_aurora": "boolean"})


@given(st.permutations(range(40)), st.integers(0, 12), st.integers(1, 8))
def test_chosen_frames_stand_apart_and_the_best_is_first(order, count, least):
    chosen = thumbnails.spread(order, count, least)
    assert len(chosen) == len(set(chosen)) == min(count, len(order))
    assert not count or chosen[0] == order[0]
    if count <= len(order) // (2 * least):
        places = sorted(chosen)
        assert all(after - before >= least for before, after in pairwise(places))


def test_where_too_few_stand_apart_the_nearest_fill_up():
    assert thumbnails.spread([5, 6, 4, 20, 7], 4, 5) == [5, 20, 6, 4]
    assert thumbnails.spread([3, 4], 5, 10) == [3, 4]


def test_surest_frames_are_those_of_the_largest_margin_also_beyond_the_rounding_of_p():
    rows = table([50.0, None, 60.0, -3.0, 55.0, 58.0])
    assert (rows["p_aurora"].dropna().iloc[[0, 1, 3, 4]] == 1).all()
    assert thumbnails.surest(rows, 2) == [2, 5]
    assert thumbnails.surest(rows, 9) == [2, 5, 4, 0, 3]


def test_a_frame_belongs_to_one_kind_and_called_frames_to_yes():
    rows = table([8.0, 0.1, -0.1, 2.0, -8.0, None, -4.0], threshold=0.7)
    ranks = thumbnails.rank_frames(rows, 0.7)
    assert list(ranks) == list(thumbnails.KINDS)
    yes, unsure, no = (rank.index.tolist() for rank in ranks.values())
    assert yes == [0] and no == [4, 6]
    assert unsure == [1, 3, 2] or unsure == [3, 1, 2]
    distance = (rows["p_aurora"] - 0.7).abs()
    assert distance[unsure].is_monotonic_increasing


def test_no_probability_is_rounded_to_certainty():
    assert [page.p_text(p) for p in (0.0, 0.0004, 0.25, 0.9994, 0.9996, 1.0)] == [
        "< 0.001", "< 0.001", "0.250", "0.999", "> 0.999", "> 0.999"]  # fmt: skip
