"""Times of the real AuroraMAX videos, exact to the second."""

from __future__ import annotations

import pandas as pd
import pytest

from aurora_gradcam.preprocessing import extract, ocr_utc
from aurora_gradcam.tables.times import TIMES_TABLE

FIRST = pd.Timestamp("2018-04-21 05:19:18", tz="UTC")  # 2018-04-20 23:19:18 MDT


@pytest.mark.parametrize(
    ("folder", "settings", "count", "step_s"),
    [("consecutive", "params_480p", 20, 6), ("every_5_min", "every_5_min_480p", 27, 300)],
)
def test_every_real_time_is_read_exactly(request, folder, settings, count, step_s):
    request.getfixturevalue(folder)
    params = request.getfixturevalue(settings)
    extract.run(params, "2018-04")
    ocr_utc.run(params, "2018-04")
    table = TIMES_TABLE.read("2018-04")
    assert table["utc"].tolist() == [FIRST + pd.Timedelta(seconds=step_s * k) for k in range(count)]
    assert (table["time_status"] == "read").all()
    assert (table["utc_offset_min"] == -360).all()
    assert table["local_time"][0] == pd.Timestamp("2018-04-20 23:19:18")
