"""What was known when: a forecast never sees the bin that it lies in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_gradcam.coupling.activity import day_before_kp, forecast_kp, nowcast_kp
from aurora_gradcam.coupling.solar_wind import coupling_series, mean_before, newell_coupling

FIRST = pd.Timestamp("2024-02-01", tz="UTC")
KP = pd.Series(np.arange(24) % 28 / 3, index=pd.date_range(FIRST, periods=24, freq="3h"), name="kp")


@settings(deadline=None)
@given(st.integers(24 * 60, 72 * 60 - 1))
def test_nowcast_takes_the_bin_that_holds_the_time_and_forecast_those_that_are_over(minute):
    when = FIRST + pd.Timedelta(minutes=minute)
    utc = pd.DatetimeIndex([when])
    place = minute // 180
    assert nowcast_kp(KP, utc)[0] == KP.iloc[place]
    assert forecast_kp(KP, utc)[0] == KP.iloc[place - 1]
    over = KP[KP.index + pd.Timedelta(hours=3) <= when]
    assert forecast_kp(KP, utc)[0] == over.iloc[-1]
    assert day_before_kp(KP, utc)[0] == pytest.approx(over.iloc[-8:].mean())


@settings(deadline=None)
@given(st.integers(24 * 60, 72 * 60 - 1), st.floats(0, 9))
def test_no_forecast_changes_with_the_bin_of_its_own_time_or_later_ones(minute, other):
    utc = pd.DatetimeIndex([FIRST + pd.Timedelta(minutes=minute)])
    changed = KP.where(KP.index + pd.Timedelta(hours=3) <= utc[0], other)
    for kind in (forecast_kp, day_before_kp):
        assert kind(changed, utc)[0] == kind(KP, utc)[0]


def test_times_outside_the_file_and_unknown_times_have_no_kp():
    utc = pd.DatetimeIndex([FIRST - pd.Timedelta(hours=1), KP.index[-1] + pd.Timedelta(hours=3), pd.NaT])
    assert np.isnan(nowcast_kp(KP, utc)).all()
    assert forecast_kp(KP, utc)[1] == KP.iloc[-1]


def test_newells_rate_by_hand():
    # due south: sin(90 deg) = 1; due east: sin(45 deg)^(8/3) = 2^(-4/3); due north: 0
    full = 400 ** (4 / 3) * 5 ** (2 / 3)
    rates = newell_coupling(np.array([0.0, 5.0, -5.0, 0.0]), np.array([-5.0, 0.0, 0.0, 5.0]), np.full(4, 400.0))
    assert rates == pytest.approx([full, full * 2 ** (-4 / 3), full * 2 ** (-4 / 3), 0.0], abs=1e-9)
    assert full == pytest.approx(8618, rel=1e-3)  # Newell et al. 2007: some thousands in a moderate southward field


def test_the_mean_before_ends_where_the_hour_begins_and_lags_shift_it():
    utc = pd.date_range(FIRST, periods=144, freq="5min")
    wind = pd.DataFrame({"utc": utc, "by": 0.0, "bz": -1.0, "speed": np.arange(144) + 300.0})
    series = coupling_series(wind)
    at = pd.DatetimeIndex([FIRST + pd.Timedelta(hours=8)])
    assert mean_before(series, at)[0] == pytest.approx(series.iloc[48:96].mean())
    assert mean_before(series, at, hours=1.0, lag=2.0)[0] == pytest.approx(series.iloc[60:72].mean())
    changed = series.where(series.index < at[0], np.inf)
    assert mean_before(changed, at)[0] == mean_before(series, at)[0]


def test_a_mean_needs_half_of_its_records():
    utc = pd.date_range(FIRST, periods=48, freq="5min")
    wind = pd.DataFrame({"utc": utc, "by": 1.0, "bz": -1.0, "speed": 400.0})
    at = pd.DatetimeIndex([FIRST + pd.Timedelta(hours=4)])
    for missing, known in ((24, True), (25, False)):
        gaps = wind.assign(speed=wind["speed"].where(np.arange(48) >= missing))
        assert np.isfinite(mean_before(coupling_series(gaps), at)[0]) == known
    assert np.isnan(mean_before(coupling_series(wind), at + pd.Timedelta(days=2))).all()
