"""The measures of all maps and baselines side by side, with intervals over nights, for people and for the report."""

from __future__ import annotations

import pandas as pd

from ..corpus.frame_ids import night_of
from ..inference.bootstrap import SHARE, interval
from ..results import rounded

MEASURES = {
    "heat_in_circle": ("share of the heat inside the sky circle", "higher"),
    "energy_in_mask": ("share of the heat on visible aurora", "higher"),
    "energy_over_area": ("that share over the aurora's share of the sky; 1 = heat even over the sky", "higher"),
    "pointing_hit": ("hottest place on visible aurora, or 15/240 of the side beside it", "higher"),
    "road": ("remove and debias, least minus most relevant first; 0 = order of chance", "higher"),
    "insertion": ("area under P(yes) as the hottest places enter an even sky", "higher"),
    "deletion": ("area under P(yes) as the hottest places become even sky", "lower"),
    "shift_agreement": ("rank correlation with the map of a picture shifted by 8/240 of its side", "higher"),
}
"""What each measure tells, and which end is the better one."""

Known = dict[str, "float | int | bool | str | None"]


def estimate(frame_ids: pd.Series, values: pd.Series, bounds: tuple[float, float] | None = None) -> Known:
    """Mean of the values that are not nan as value, low, high (95 %, over nights), frames, nights; nan is None.

    `bounds` are those of `bootstrap.interval`, for hits and misses.
    """
    defined = values.notna().to_numpy()
    nights = frame_ids[defined].map(night_of).to_numpy()
    numbers = values[defined].to_numpy(dtype=float)
    result = interval(lambda weights: weights @ numbers / weights.sum(), nights, bounds=bounds)
    return rounded(result.as_dict())


def means(rows: pd.DataFrame) -> dict[str, Known]:
    """`estimate` of every measure that the rows (one a frame) have a column of."""
    taken = [name for name in MEASURES if name in rows]
    bounds = {"pointing_hit": SHARE}
    return {name: estimate(rows["frame_id"], rows[name], bounds.get(name)) for name in taken}


def differences(rows: pd.DataFrame, drawn: pd.DataFrame) -> dict[str, Known]:
    """`estimate` of each measure of `rows` minus that of `drawn` in the same frames."""
    both = rows.merge(drawn, on="frame_id", suffixes=("", "_drawn"))
    shared = [name for name in MEASURES if f"{name}_drawn" in both]
    return {name: estimate(both["frame_id"], both[name] - both[f"{name}_drawn"]) for name in shared}


def best(of_maps: dict[str, dict[str, Known]]) -> dict[str, str | None]:
    """The map with the best mean by each measure; None where none has a mean."""
    best_maps: dict[str, str | None] = {}
    for measure, (_, better) in MEASURES.items():
        means_of = {name: of[measure]["value"] for name, of in of_maps.items()}
        known = {name: float(mean) for name, mean in means_of.items() if mean is not None}
        choose = max if better == "higher" else min
        best_maps[measure] = choose(known, key=lambda name: known[name]) if known else None
    return best_maps


def summary(cams: pd.DataFrame, baselines: pd.DataFrame, forgotten: pd.DataFrame, target: str) -> dict[str, object]:
    """What `reports/metrics/explanations.json` holds.

    Parameters
    ----------
    cams
        The measured frames' rows: frame_id, target, map and the columns of MEASURES; the first map is the drawn one.
    baselines
        The same frames' rows: frame_id, baseline and measures.
    forgotten
        Columns frame_id, map, part, rank_correlation, parts in the order of the cascade.
    target
        The class whose maps are compared.

    Returns
    -------
    drawn (name of the drawn map), measures, maps (map -> target -> measure -> estimate), baselines (name -> measure ->
    estimate), minus_drawn (every other map and baseline, target's maps, paired by frame), best (measure -> map),
    randomisation (map -> list of part and estimate, the head first).
    """
    names = list(dict.fromkeys(cams["map"]))
    by_map = {
        name: {str(of): means(rows) for of, rows in cams[cams["map"] == name].groupby("target", sort=False)}
        for name in names
    }
    of_target = {name: cams[(cams["map"] == name) & (cams["target"] == target)] for name in names}
    of_baseline = {str(name): rows for name, rows in baselines.groupby("baseline", sort=False)}
    others = list(of_target.items())[1:] + list(of_baseline.items())
    return {
        "measures": {name: {"tells": tells, "better": better} for name, (tells, better) in MEASURES.items()},
        "target": target,
        "drawn": names[0] if names else None,
        "maps": by_map,
        "baselines": {name: means(rows) for name, rows in of_baseline.items()},
        "minus_drawn": {name: differences(rows, of_target[names[0]]) for name, rows in others} if names else {},
        "best": best({name: of[target] for name, of in by_map.items() if target in of}),
        "randomisation": {
            str(name): [
                {"part": part, **estimate(rows["frame_id"], rows["rank_correlation"])}
                for part, rows in of_map.groupby("part", sort=False)
            ]
            for name, of_map in forgotten.groupby("map", sort=False)
        },
    }
