"""How often the intervals of occurrence hold the true number, by simulation; prints a table.

    python tests/benchmarks/coverage.py [--simulations 1000] [--draws 400] [--correlation 0.4] [--seed 0]

Nights have their own share of aurora (a beta distribution around the true occurrence, with the given intraclass
correlation), frames follow their night, and a score with a night's own shift calls them, with the stated sensitivity
and specificity over all nights. p_aurora is the probability that the score gives where 30 % of frames have aurora, so
it is out of calibration elsewhere. Eight frames of a night are labelled; another 30 nights have labelled frames, which
only Rogan-Gladen takes. "apparent" is there for contrast: it promises nothing about the true occurrence.
"""

from __future__ import annotations

import argparse
import itertools
import warnings

import numpy as np
import pandas as pd
from scipy import special, stats

from aurora_gradcam.inference import bootstrap, prevalence

OCCURRENCES = (0.05, 0.10, 0.20, 0.40, 0.60)
CLASSIFIERS = {"poor": (0.6, 0.8), "fair": (0.8, 0.9), "good": (0.95, 0.97)}
"""Sensitivity and specificity."""
NIGHTS = (15, 30)
FRAMES, LABELLED = 60, 8
"""Of a night: how many frames, and how many of them labelled."""
OTHER_NIGHTS, OTHER_OCCURRENCE = 30, 0.3
SHIFT_VARIANCE = 0.1
"""Part of the score's variance that is the night's own: some nights are hazy."""
PRIOR = 0.3


def nights_sums(
    generator: np.random.Generator,
    shape: tuple[int, int],
    share: float,
    rates: tuple[float, float],
    correlation: float,
) -> np.ndarray:
    """Simulated nights, as prevalence.SUMS: (simulations, nights) -> float64 (simulations, nights, len(SUMS))."""
    both = 1 / correlation - 1  # the beta distribution's two parameters together (Prentice 1986)
    of_night = generator.beta(share * both, (1 - share) * both, shape)
    aurora = generator.random((*shape, FRAMES)) < of_night[..., None]
    threshold = stats.norm.ppf(rates[1])
    distance = threshold + stats.norm.ppf(rates[0])
    own = np.sqrt(1 - SHIFT_VARIANCE) * generator.standard_normal((*shape, FRAMES))
    score = distance * aurora + own + np.sqrt(SHIFT_VARIANCE) * generator.standard_normal((*shape, 1))
    called, p = score > threshold, special.expit(distance * score - distance**2 / 2 + special.logit(PRIOR))
    frames = (np.ones_like(p), called, p)
    yes, call, p = aurora[..., :LABELLED], called[..., :LABELLED], p[..., :LABELLED]
    labelled = (np.ones_like(p), yes, yes & call, ~yes & call, p, p**2, yes * p)
    return np.stack([one.sum(-1) for one in (*frames, *labelled)], axis=-1).astype(np.float64)


def covered(
    share: float,
    rates: tuple[float, float],
    nights: int,
    simulations: int,
    draws: int,
    seed: int,
    correlation: float,
) -> pd.DataFrame:
    """Value and limits of each method in each simulation: columns simulation, method, value, low, high."""
    generator = np.random.default_rng(seed)
    sums = nights_sums(generator, (simulations, nights), share, rates, correlation)
    other = nights_sums(generator, (simulations, OTHER_NIGHTS), OTHER_OCCURRENCE, rates, correlation)
    other[..., :3] = 0
    rows = []
    for number in range(simulations):
        inner, _ = bootstrap.multiplicities(np.arange(nights), draws, seed + 2 * number)
        outer, _ = bootstrap.multiplicities(np.arange(OTHER_NIGHTS), draws, seed + 2 * number + 1)
        own, drawn_own = sums[number].sum(0), inner @ sums[number]
        drawn_other = outer @ other[number]
        for name, method in prevalence.METHODS.items():
            alone = name != "rogan_gladen"
            value = float(method(own if alone else own + other[number].sum(0)))
            drawn = method(drawn_own if alone else drawn_own + drawn_other)
            rows.append((number, name, value, *bootstrap.limits(value, drawn, nights, 0.95, bootstrap.SHARE, number)))
    return pd.DataFrame(rows, columns=["simulation", "method", "value", "low", "high"])


def summary(found: pd.DataFrame, share: float) -> pd.DataFrame:
    """bias, width, coverage and its Monte Carlo error by method, and `undefined`, the share without an interval."""
    known = found.dropna()
    holds = ((known["low"] <= share) & (share <= known["high"])).groupby(known["method"]).mean()
    grouped = known.groupby("method")
    table = pd.DataFrame(
        {
            "bias": grouped["value"].mean() - share,
            "width": grouped["high"].mean() - grouped["low"].mean(),
            "coverage": holds,
            "error": np.sqrt(holds * (1 - holds) / grouped.size()),
            "undefined": 1 - grouped.size() / found.groupby("method").size(),
        }
    )
    return table.reindex(list(prevalence.METHODS))


def main() -> None:
    """Print the table and the least coverage of each method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--correlation", type=float, nargs="+", default=[0.4], help="within a night, 0 to 1")
    parser.add_argument("--nights", type=int, nargs="+", default=NIGHTS)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    names = ["correlation", "nights", "classifier", "occurrence"]
    settings = itertools.product(chosen.correlation, chosen.nights, CLASSIFIERS, OCCURRENCES)
    parts, header = {}, True
    for correlation, nights, name, share in settings:
        found = covered(share, CLASSIFIERS[name], nights, chosen.simulations, chosen.draws, chosen.seed, correlation)
        part = pd.concat({(correlation, nights, name, share): summary(found, share)}, names=names)
        print(part.reset_index().to_string(index=False, header=header, float_format="%10.3f", col_space=10), flush=True)
        parts[correlation, nights, name, share], header = part, False
    coverage = pd.concat(parts.values()).groupby("method")["coverage"].agg(["min", "mean"])
    print("\nleast and mean coverage by method")
    print(coverage.round(3).to_string())


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
