from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from aurora_gradcam.corpus import frame_ids

nights = st.dates().map(lambda day: day.strftime("%Y%m%d")).filter(lambda night: len(night) == 8)
frames = st.lists(st.tuples(nights, st.integers(0, 3_000_000)), unique=True, max_size=30)


@given(frames)
def test_frame_ids_are_ordered_by_night_and_number(keys):
    expected = [frame_ids.make(*key) for key in sorted(keys)]
    ids = [frame_ids.make(*key) for key in keys]
    assert frame_ids.in_order(ids) == expected
    table = pd.DataFrame({"p": [0.5] * len(ids), "frame_id": pd.Series(ids, dtype="str")})
    assert table.sort_values("frame_id", key=frame_ids.sort_key)["frame_id"].tolist() == expected
    assert table.sort_values(["p", "frame_id"], key=frame_ids.sort_key)["frame_id"].tolist() == expected


@given(st.lists(st.tuples(nights, st.integers(0, 99_999)), unique=True, max_size=30))
def test_with_five_digits_it_is_the_order_of_the_texts(keys):
    names = [f"{frame_ids.make(*key)}.jpg" for key in keys]
    assert frame_ids.in_order(names) == sorted(names)


@given(st.lists(st.text(max_size=12), unique=True))
def test_any_names_have_one_order(names):
    assert frame_ids.in_order(names) == frame_ids.in_order(reversed(names))


def test_a_frame_id_has_five_digits_and_more_where_it_needs_them():
    assert [frame_ids.make("20240201", number) for number in (10, 100_000)] == ["20240201-00010", "20240201-100000"]
    assert frame_ids.night_of("20240201-100000") == "20240201"
