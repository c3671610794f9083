"""Stage leakage: what a split that leaks adds to the scores, and what another camera takes from them.

The stage is frozen, since it trains many times: `make leakage` runs it, and goes on where an earlier run was stopped.
"""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from ..config import Params
from ..corpus.frame_ids import night_of, sort_key
from ..errors import ConfigError, DataError
from ..preprocessing.sampling import draws, spread_over
from ..preprocessing.split import by_night
from ..results import LEAKAGE, rounded, write_json
from ..stage import stage_main
from ..tables.labels import LABELLED_TABLE, LABELS, SampleSet
from ..tables.split import SPLITS
from . import leakage_runs
from .leakage_gap import by_seed, compared
from .leakage_result import labels_digest
from .leakage_runs import Run

logger = logging.getLogger(__name__)

CAMERAS = ("first", "second")
FEWER = "label more nights, or change split.fractions"


def pool_of(labelled: pd.DataFrame) -> pd.DataFrame:
    """frame_id, label and night of the labelled training pool, in order."""
    pool = labelled.loc[labelled["set"] == SampleSet.TRAIN_POOL, ["frame_id", "label"]]
    pool = pool.sort_values("frame_id", ignore_index=True, key=sort_key)
    return pool.assign(night=pool["frame_id"].map(night_of))


def leaking(split: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The same frames divided anew without regard to nights, so that neighbouring minutes are on both sides.

    Each set has as many frames of either class as before, spread over all nights: only the nights leak, and neither
    side learns from more.
    """
    parts = []
    for _, rest in split.groupby("label"):
        wanted = rest["split"].value_counts()
        for name in SPLITS:
            order = draws(rest["frame_id"], seed, f"leak {name}")
            chosen = spread_over(rest["night"], order, int(wanted.get(name, 0)))
            parts.append(rest[chosen].assign(split=name))
            rest = rest[~chosen]
    return pd.concat(parts).sort_values("frame_id", ignore_index=True, key=sort_key)


def _test(split: pd.DataFrame) -> pd.DataFrame:
    return split.loc[split["split"] == "test", ["frame_id", "night", "label"]]


def _beside(frames: pd.DataFrame, seed: int, answers: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The frames with what each side says of them, as `leakage_gap.compared` takes them."""
    rows = frames.assign(seed=seed)
    for side, of_side in answers.items():
        named = of_side.rename(columns={"p_aurora": f"p_{side}", "is_aurora": f"is_{side}"})
        rows = rows.merge(named, on="frame_id", validate="one_to_one")
    return rows


def policies(params: Params, pool: pd.DataFrame, start: str, material: str) -> pd.DataFrame:
    """Both splits' answers to the frames that both hold out, over the seeds."""
    pairs = []
    for seed in range(params.seed, params.seed + params.leakage.seeds):
        split = by_night(pool, params.split.fractions, params.split.balance, seed)
        splits = {"night": split, "frame": leaking(split, seed)}
        shared = _test(split).merge(_test(splits["frame"])[["frame_id"]], on="frame_id")
        if shared["label"].nunique() < len(LABELS):
            what = f"both ways to split hold out {len(shared)} frames together, not of both classes"
            raise DataError(what, LABELLED_TABLE.path(), FEWER)
        settings = leakage_runs.settings_of(params, start, seed)
        runs = {side: Run(f"{start}-{seed}-{side}", settings, of, shared, material) for side, of in splits.items()}
        pairs.append(_beside(shared, seed, {side: leakage_runs.answers(run) for side, run in runs.items()}))
    return pd.concat(pairs, ignore_index=True)


Eras = dict[int, dict[str, pd.DataFrame]]
"""The split of each camera's nights by itself, by seed."""


def eras_of(params: Params, pool: pd.DataFrame) -> Eras | None:
    """Each camera's own splits; None where there is one camera, or a camera has too few nights, with a warning."""
    if not params.leakage.second_camera:
        return None
    is_second = pool["night"] >= params.leakage.second_camera
    own = dict(zip(CAMERAS, (pool[~is_second], pool[is_second]), strict=True))
    try:
        return {
            seed: {name: by_night(of, params.split.fractions, params.split.balance, seed) for name, of in own.items()}
            for seed in range(params.seed, params.seed + params.leakage.seeds)
        }
    except DataError as error:
        logger.warning(f"the cameras are not compared: {error.what}")
        return None


def cameras(params: Params, eras: Eras, start: str, material: str) -> dict[str, pd.DataFrame]:
    """Answers to each camera's test frames of a training on its own nights and of one on the other's, by seed."""
    rows: dict[str, list[pd.DataFrame]] = {name: [] for name in CAMERAS}
    for seed, splits in eras.items():
        settings = leakage_runs.settings_of(params, start, seed)
        asked = pd.concat([_test(of) for of in splits.values()], ignore_index=True)
        answers = {
            name: leakage_runs.answers(Run(f"{start}-{seed}-{name}", settings, of, asked, material))
            for name, of in splits.items()
        }
        for name, other in zip(CAMERAS, reversed(CAMERAS), strict=True):
            rows[name].append(_beside(_test(splits[name]), seed, {"own": answers[name], "other": answers[other]}))
    return {name: pd.concat(of, ignore_index=True) for name, of in rows.items()}


def _basis(rows: pd.DataFrame) -> dict[str, Any]:
    return {"set": "test", "frames": rows["frame_id"].nunique(), "nights": rows["night"].nunique()}


def result_of(rows: pd.DataFrame, first: str, second: str) -> dict[str, Any]:
    """What both sides rest on, their scores with the gap, and the gap in accuracy of each training."""
    basis = _basis(rows)
    scores = compared(rows, first, second)
    return {first: basis, second: basis, "scores": scores, "accuracy_gap_by_seed": by_seed(rows, first, second)}


def run(params: Params) -> None:
    """Train on the same labels, divided by whole nights and by frames, and on one camera each; write `LEAKAGE`."""
    pool = pool_of(LABELLED_TABLE.read())
    if params.split.fractions.test == 0:
        raise ConfigError("split.fractions.test is 0: nothing is held out", "params.yaml", "give test a fraction")
    eras, material = eras_of(params, pool), leakage_runs.material_of(pool["night"].unique())
    starts, between = {}, {}
    for start in params.leakage.starts:
        starts[start] = result_of(policies(params, pool, start, material), "night", "frame")
        if eras:
            by_camera = cameras(params, eras, start, material)
            between[start] = {name: result_of(rows, "own", "other") for name, rows in by_camera.items()}
    compared_cameras = {"first_night_of_second": params.leakage.second_camera, "starts": between} if eras else None
    result = {
        "labelled_md5": labels_digest(),
        "seeds": params.leakage.seeds,
        "starts": starts,
        "cameras": compared_cameras,
    }
    write_json(LEAKAGE, rounded(result))
    leakage_runs.forget()


main = stage_main(run, keep_warnings=False)


if __name__ == "__main__":
    main()
