"""Stage couple: aurora beside geomagnetic activity: occurrence by Kp, and chances of aurora by the hour."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from .. import config
from ..files import write_text
from ..inference import conditions
from ..inference.magnetic import magnetic_local_time
from ..results import COUPLING, DIGITS, OCCURRENCE_BY_KP, rounded, write_json
from ..stage import stage_main
from ..tables.frames import FRAMES_TABLE
from ..tables.hours import HOURS_TABLE
from ..tables.indices import KP_FILE, read_kp, read_solar_wind
from ..tables.labels import LABELLED_TABLE
from ..tables.predictions import PREDICTIONS_TABLE
from ..tables.sky import SKY_TABLE
from ..tables.split import SPLIT_TABLE
from . import hours, occurrence, skill
from .activity import nowcast_kp
from .solar_wind import coupling_series, mean_before

logger = logging.getLogger(__name__)
SHAPING = ("train", "val")
"""Splits whose nights shaped the classifier."""


def joined(frames: pd.DataFrame, predicted: pd.DataFrame, sky: pd.DataFrame, kp: pd.Series) -> pd.DataFrame:
    """Every prediction with night, utc, sun_class, moon_class, and kp of its bin (nan where unknown)."""
    rows = predicted.merge(frames[["frame_id", "night"]], on="frame_id", validate="1:1")
    rows = rows.merge(sky[["frame_id", "utc", "sun_class", "moon_class"]], on="frame_id", how="left", validate="1:1")
    return rows.assign(kp=nowcast_kp(kp, pd.DatetimeIndex(rows["utc"])))


def occurrence_by_activity(
    every: pd.DataFrame, labelled: pd.DataFrame, split: pd.DataFrame, site: config.Site
) -> pd.DataFrame:
    """`occurrence.by_activity` of the nights that the classifier has not learnt from; `every` as `joined` gives it."""
    audited = labelled.merge(every[["frame_id", "sun_class", "moon_class", "p_aurora", "is_aurora"]], on="frame_id")
    kept, _ = conditions.untouched_audit(audited, split, SHAPING)
    learnt_from = set(split.loc[split["split"].isin(SHAPING), "night"])
    frames = occurrence.in_darkness(every[~every["night"].isin(learnt_from)], kept)
    magnetic = magnetic_local_time(frames["utc"], site.latitude, site.longitude)
    return occurrence.by_activity(frames.assign(magnetic_local_time=magnetic))


def nested(table: pd.DataFrame) -> dict[str, Any]:
    """Grouping -> group -> method -> value, low, high, frames, nights, labelled, labelled_nights."""
    tree: dict[str, Any] = {"kp": {}, "kp_magnetic_hour": {}}
    for record in table.to_dict("records"):
        row = {str(key): value for key, value in record.items()}
        if not row["too_few_nights"]:
            del row["too_few_nights"]
        tree[row.pop("grouping")].setdefault(row.pop("group"), {})[row.pop("method")] = row
    return tree


def counts(rows: pd.DataFrame, min_nights: int) -> dict[str, Any]:
    """Hours, their nights and those with aurora, the seasons, and whether they are enough to model."""
    return {
        "hours": len(rows),
        "nights": rows["night"].nunique(),
        "hours_with_aurora": int(rows["has_aurora"].sum()),
        "seasons": sorted(int(season) for season in rows["season"].unique()),
        "min_nights": min_nights,
        "enough": bool(skill.enough(rows, min_nights)),
    }


def run(params: config.Params) -> None:
    """Join predictions with Kp; write reports/couple.json, the occurrence by activity, and the table hours."""
    kp, solar_wind = read_kp(), read_solar_wind()
    frames = FRAMES_TABLE.read_months(params.months)
    every = joined(frames, PREDICTIONS_TABLE.read(), SKY_TABLE.read(), kp)
    without = int((every["utc"].notna() & every["kp"].isna()).sum())
    if without:
        logger.warning(f"{without} of {len(every)} frames have no Kp in {KP_FILE}: run `aurora fetch --indices`")
    table = occurrence_by_activity(every, LABELLED_TABLE.read(), SPLIT_TABLE.read(), params.site)
    write_text(OCCURRENCE_BY_KP, table.round(DIGITS).to_csv(index=False, lineterminator="\n"))

    rows = hours.described(hours.gathered(every, params.couple), kp, params.site)
    coupling = None if solar_wind is None or solar_wind.empty else coupling_series(solar_wind)
    if coupling is not None:
        rows = rows.assign(coupling=mean_before(coupling, pd.DatetimeIndex(rows["utc"])))
    of_hours = counts(rows, params.couple.min_nights)
    scored: dict[str, Any] = {}
    p = pd.DataFrame({"p_nowcast": float("nan"), "p_forecast": float("nan")}, index=rows.index)
    if of_hours["enough"]:
        with threadpool_limits(1):  # many small fits, whose threads would wait for each other longer than they work
            scored, p = skill.tree(rows, coupling, params.seed)
    HOURS_TABLE.write(rows.assign(**p))
    of_frames = {"frames": int(every["kp"].notna().sum()), "frames_without_kp": without}
    write_json(COUPLING, rounded({**of_frames, "occurrence": nested(table), "hours": of_hours, **scored}))


main = stage_main(run)


if __name__ == "__main__":
    main()
