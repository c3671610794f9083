from __future__ import annotations

import pytest

from aurora_gradcam import parallel
from aurora_gradcam.errors import ConfigError, DataError


def square(number: int) -> int:
    if number < 0:
        raise DataError("negative", number)
    return number * number


@pytest.mark.parametrize("workers", ["1", "3"])
def test_results_do_not_depend_on_the_workers(monkeypatch, workers):
    monkeypatch.setenv("AURORA_WORKERS", workers)
    assert parallel.map_nights(square, range(7), "squares") == [0, 1, 4, 9, 16, 25, 36]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_first_error_arrives_whole(monkeypatch, workers):
    monkeypatch.setenv("AURORA_WORKERS", workers)
    with pytest.raises(DataError, match=r"negative \[-1\]"):
        parallel.map_nights(square, [1, -1, 2], "squares")


@pytest.mark.parametrize("text", ["many", "0", "-2"])
def test_a_bad_number_of_workers(monkeypatch, text):
    monkeypatch.setenv("AURORA_WORKERS", text)
    with pytest.raises(ConfigError, match="AURORA_WORKERS"):
        parallel.worker_count()
