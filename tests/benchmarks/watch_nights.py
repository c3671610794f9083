"""False alarms a night and delay of `aurora watch` on the sample's simulated nights, for several rules; prints a table.

    dvc pull evaluate illuminate data/labels/truth.dvc
    python tests/benchmarks/watch_nights.py [--splits val,test]

The decision is replayed over the frames' P(yes) as `evaluate` wrote them, a frame a minute, and held against the
simulator's truth. An alarm is false where no frame of its event, from the first that counted to its end, holds visible
aurora, nor one that is borderline. Delay: from the first frame of a true spell of aurora to its announcement, of spells
that last at least `begin` frames and begin after the night's first frame. Without --splits all nights count, those that
the classifier learnt from too, and nights that no one labelled.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path

import pandas as pd

from aurora_gradcam.config import Watch
from aurora_gradcam.watch.decision import Change, Decision, decide, first_sight, forget, is_gap

PREDICTIONS, SKY, SPLIT = (Path(f"data/tables/{name}.parquet") for name in ("predictions", "sky", "split"))
TRUTH = Path("data/labels/truth")
RULES = {
    "default": Watch(),
    "1 of 1": Watch(window=1, begin=1, end=1, p_begin=0.5, p_end=0.5),
    "2 of 3": Watch(window=3, begin=2, end=2),
    "4 of 5": Watch(begin=4),
    "3 of 5, 0.9": Watch(p_begin=0.9),
}


@dataclass
class Alarm:
    """An announced event."""

    began: datetime
    announced: datetime
    ended: datetime | None = None


@dataclass
class Tally:
    """What a rule did over nights."""

    nights: int = 0
    frames: int = 0
    alarms: int = 0
    false: int = 0
    spells: int = 0
    missed: int = 0
    delays_min: list[float] = field(default_factory=list)


def alarms_of(rows: pd.DataFrame, rule: Watch) -> list[Alarm]:
    """The events that the watch would announce."""
    alarms: list[Alarm] = []
    decision, last = Decision(), None
    for utc, p in zip(rows["utc"], rows["p_aurora"], strict=True):
        if last is not None and is_gap(last, utc, rule):
            decision, change = forget(decision)
            if change is Change.ENDS:
                alarms[-1].ended = last
        before = decision
        decision, change = decide(decision, utc, p, rule)
        if change is Change.BEGINS:
            alarms.append(Alarm(first_sight(before, utc, rule), utc))
        elif change is Change.ENDS:
            alarms[-1].ended = utc
        last = utc
    return alarms


def spells_of(rows: pd.DataFrame, shortest: int) -> list[tuple[datetime, datetime, bool]]:
    """First and last time of each run of frames with visible aurora, and whether its onset was seen."""
    spells, number = [], 0
    for visible, group in groupby(rows[["utc", "visible"]].itertuples(index=False), key=lambda row: row.visible):
        frames = list(group)
        if visible and len(frames) >= shortest:
            spells.append((frames[0].utc, frames[-1].utc, number > 0))
        number += len(frames)
    return spells


def add(tally: Tally, rows: pd.DataFrame, rule: Watch) -> None:
    """Count one night."""
    tally.nights, tally.frames = tally.nights + 1, tally.frames + len(rows)
    alarms, last = alarms_of(rows, rule), rows["utc"].iloc[-1]
    for alarm in alarms:
        of_event = rows[(rows["utc"] >= alarm.began) & (rows["utc"] <= (alarm.ended or last))]
        tally.alarms += 1
        tally.false += not (of_event["visible"] | of_event["borderline"]).any()
    for first, end, has_onset in spells_of(rows, rule.begin):
        tally.spells += 1
        # an event that holds already when the spell begins needs no announcement
        covering = [a for a in alarms if a.announced <= end and (a.ended is None or a.ended >= first)]
        tally.missed += not covering
        fresh = [a for a in covering if a.announced >= first]
        if has_onset and fresh and fresh[0] is covering[0]:
            tally.delays_min.append((fresh[0].announced - first).total_seconds() / 60)


def nights(splits: Sequence[str]) -> list[pd.DataFrame]:
    """Frames of each night in order of time: utc, p_aurora, visible, borderline."""
    truth = pd.concat([pd.read_parquet(path) for path in sorted(TRUTH.glob("*/*.parquet"))])
    rows = pd.read_parquet(PREDICTIONS)[["frame_id", "p_aurora"]]
    rows = rows.merge(pd.read_parquet(SKY)[["frame_id", "sun_altitude"]], on="frame_id")
    rows = rows.merge(truth[["frame_id", "utc", "visible", "borderline"]], on="frame_id")
    rows = rows.assign(night=rows["frame_id"].str[:8]).sort_values("utc", kind="stable")
    rows = rows[rows["sun_altitude"] <= Watch().sun_max]
    if splits:
        split = pd.read_parquet(SPLIT)
        rows = rows[rows["night"].isin(split.loc[split["split"].isin(splits), "night"])]
    return [each for _, each in rows.groupby("night")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", default="", help="only nights of these splits, with commas between")
    chosen = parser.parse_args()
    of_nights = nights([name for name in chosen.splits.split(",") if name])
    print("| rule | nights | hours | alarms | false | false in 8 hours | spells | missed | delay: median | longest |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, rule in RULES.items():
        tally = Tally()
        for rows in of_nights:
            add(tally, rows, rule)
        delays, hours = pd.Series(tally.delays_min, dtype=float), tally.frames / 60
        shown = f"{delays.median():.0f} min | {delays.max():.0f} min" if len(delays) else "- | -"
        counts = f"{tally.nights} | {hours:.1f} | {tally.alarms} | {tally.false} | {8 * tally.false / hours:.2f}"
        print(f"| {name} | {counts} | {tally.spells} | {tally.missed} | {shown} |")


if __name__ == "__main__":
    main()
