from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_gradcam.acquisition import addresses
from aurora_gradcam.config import Fetch
from aurora_gradcam.errors import ConfigError, InputError

DAYS = st.dates(date(2010, 1, 1), date(2030, 12, 31))
TODAY = date(2026, 3, 1)


def test_the_archives_addresses_are_those_that_it_publishes():
    first, second = addresses.addresses_of(date(2024, 2, 1), Fetch().addresses, "720p")
    root = "https://data.phys.ucalgary.ca/sort_by_project/AuroraMAX/rt-movies/mp4/2024/02/01"
    assert first == f"{root}/auroramaxHD_20240201_720p.mp4"
    assert second == f"{root}/yknf_slr-12/auroramaxHD_20240201_720p.mp4"
    assert addresses.file_name(first) == addresses.file_name(second) == "auroramaxHD_20240201_720p.mp4"
    assert addresses.month_name(date(2024, 2, 1)) == "2024-02"


FIELDS = st.sampled_from(["{year}", "{month}", "{day}", "{night}", "{size}"])


@given(DAYS, st.lists(FIELDS | st.text("abc/_-.%", max_size=5), max_size=8), st.sampled_from(addresses.SIZES))
def test_patterns_are_filled_as_python_formats_them(night, pieces, size):
    pattern = "https://host/" + "".join(pieces)
    fields = dict(zip(("year", "month", "day"), night.isoformat().split("-"), strict=True))
    expected = pattern.format(**fields, night=night.isoformat().replace("-", ""), size=size)
    assert addresses.addresses_of(night, [pattern, pattern], size) == [expected]


@given(st.lists(DAYS, max_size=30))
def test_joined_dates_are_the_same_dates_in_the_fewest_ranges(nights):
    told = addresses.joined(nights)
    runs = [[date.fromisoformat(end) for end in run.split(" to ")] for run in told.split(", ")] if told else []
    spelt = [run[0] + timedelta(days=k) for run in runs for k in range((run[-1] - run[0]).days + 1)]
    assert spelt == sorted(set(nights))
    assert all(later[0] - earlier[-1] > timedelta(days=1) for earlier, later in itertools.pairwise(runs))
    assert all(len(run) == 1 or run[0] < run[1] for run in runs)


def test_joined_dates_read_well():
    nights = [date(2024, 2, 29), date(2024, 3, 1), date(2024, 2, 3), date(2024, 2, 28)]
    assert addresses.joined(nights) == "2024-02-03, 2024-02-28 to 2024-03-01"


def test_nights_hold_both_ends_and_the_leap_day():
    nights = addresses.nights_between(date(2024, 2, 28), date(2024, 3, 1), TODAY)
    assert [str(night) for night in nights] == ["2024-02-28", "2024-02-29", "2024-03-01"]
    assert len(addresses.nights_between(TODAY - timedelta(days=399), TODAY, TODAY)) == 400


@pytest.mark.parametrize(
    "first, last, told",
    [
        (date(2024, 2, 2), date(2024, 2, 1), "after the last night"),
        (date(2026, 2, 1), date(2026, 3, 2), "2026-03-02 is in the future"),
        (date(2024, 1, 1), date(2025, 2, 4), "401 nights"),
    ],
)
def test_nights_that_cannot_be_asked_for(first, last, told):
    with pytest.raises(InputError, match=told):
        addresses.nights_between(first, last, TODAY)


@pytest.mark.parametrize("text", ["2023-02-29", "1 February", "2024-13-01", ""])
def test_what_is_no_date(text):
    with pytest.raises(InputError, match=r"is not a date \[--to\]"):
        addresses.day(text, "--to")


@pytest.mark.parametrize(
    "pattern", ["https://h/{night}/video.mp4", "https://h/v_{night}", "https://h/get?v={night}.mp4", "http://{night}"]
)
def test_a_pattern_without_a_file_name_for_each_night_is_refused(pattern):
    with pytest.raises(ConfigError, match="file name"):
        addresses.check_names(["https://h/v_{night}.mp4", pattern])
