"""How often the interval of the slope over Kp holds the slope of the law, on simulated seasons; prints the count.

    python tests/benchmarks/kp_slope.py [--seasons 100] [--nights 120]

The law and the seasons are those of tests/coupling/seasons.py: real Kp, outcomes only, nights that are alike within.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "coupling"))

import seasons

from aurora_gradcam.coupling.skill import kp_slope
from aurora_gradcam.inference.bootstrap import Estimate


def slopes(count: int, nights: int) -> list[Estimate]:
    """The estimate of each season."""
    return [kp_slope(seasons.season(seed, nights)) for seed in range(count)]


def held(estimates: list[Estimate]) -> int:
    """How many intervals hold the law's slope."""
    return sum(estimate.low <= seasons.SLOPE <= estimate.high for estimate in estimates)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seasons", type=int, default=100)
    parser.add_argument("--nights", type=int, default=120)
    chosen = parser.parse_args()
    estimates = slopes(chosen.seasons, chosen.nights)
    mean = sum(estimate.value for estimate in estimates) / len(estimates)
    width = sum(estimate.high - estimate.low for estimate in estimates) / len(estimates)
    print(f"slope of the law {seasons.SLOPE}: mean of the fits {mean:.3f}, mean width of the intervals {width:.3f}")
    print(f"{held(estimates)} of {len(estimates)} intervals hold it")


if __name__ == "__main__":
    main()
