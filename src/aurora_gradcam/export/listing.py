"""Which frames `aurora export` gives, under which names and in which folders; `export_files.py` writes them.

A file is named `20240201011954_20240201_10.jpg`: UTC, night, number of the frame in its video, as the study names them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..conditions import MOON_CLASSES, SUN_CLASSES
from ..config import Params
from ..errors import ConfigError, DataError, InputError
from ..frame_ids import sort_key
from ..tables.frames import FRAMES_TABLE, SIMULATED_PREFIX
from ..tables.labels import LABELLED_TABLE
from ..tables.predictions import PREDICTIONS_TABLE
from ..tables.sky import SKY_TABLE
from ..tables.times import TIMES_TABLE

UNKNOWN, UNLABELLED, UNCLASSIFIED = "unknown", "unlabelled", "none"
CONDITION_FOLDERS = (*(f"{sun}_{moon}" for sun in SUN_CLASSES for moon in MOON_CLASSES), UNKNOWN)
FOLDERS = {
    "condition": CONDITION_FOLDERS,
    "label": ("yes", "no", UNLABELLED),
    "prediction": ("yes", "no", UNCLASSIFIED),
    "none": (),
}
"""The folders of each grouping; frames of unknown time, without a label, without a prediction have one of their own."""
SKY = ["sun_class", "moon_class", "sun_altitude", "moon_altitude"]
STAGES = {"sky": "illuminate", "labelled": "sample_label", "predictions": "evaluate"}
LIST_COLUMNS = (
    "file", "frame_id", "utc", "time_status", "status", *SKY, "label", "p_aurora", "is_aurora", "simulated",
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """What is asked for; an empty tuple and None take every frame.

    by : condition, label, prediction or none.
    only : folders of that grouping.
    nights : names of nights, YYYYMMDD.
    conditions : folders of the grouping by condition, whatever `by` is.
    limit : most pictures in a folder, spread evenly over its frames in order of time.
    damaged : whether pictures with damage, and blank ones, are given too.
    """

    by: str = "condition"
    only: tuple[str, ...] = ()
    nights: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    limit: int | None = None
    damaged: bool = False

    def __post_init__(self) -> None:
        _among((self.by,), tuple(FOLDERS), "--by")
        if self.only and not FOLDERS[self.by]:
            raise ConfigError("without folders there is none to choose", "--only", "leave it out, or choose a --by")
        _among(self.only, FOLDERS[self.by], "--only")
        _among(self.conditions, CONDITION_FOLDERS, "--conditions")
        if self.limit is not None and self.limit < 1:
            raise ConfigError(f"{self.limit} pictures are too few", "--limit", "give a whole number from 1")


def _among(values: Sequence[str], allowed: Sequence[str], option: str) -> None:
    for value in values:
        if value not in allowed:
            raise ConfigError(f"'{value}' is not known", option, f"choose among {', '.join(allowed)}")


def file_name(utc: pd.Timestamp, night: str, frame_no: int) -> str:
    """`20240201011954_20240201_10.jpg`; a time that is not known (NaT) reads `unknown`."""
    return f"{UNKNOWN if pd.isna(utc) else utc.strftime('%Y%m%d%H%M%S')}_{night}_{frame_no}.jpg"


def listing(params: Params, choice: Choice) -> pd.DataFrame:
    """The chosen frames of the project in the current folder, one row each, in order of night and frame number.

    Its columns are `LIST_COLUMNS`, night and member (the picture's name in the night archive). `file` is the name with
    its folder, missing where there is no picture to give. Columns of tables that are not there yet stay missing.
    """
    rows = read(params, needed=_needed(choice))
    unknown = sorted(set(choice.nights) - set(rows["night"]))
    if unknown:
        raise ConfigError("this project holds no such night", f"--nights {','.join(unknown)}", "name nights YYYYMMDD")
    if choice.nights:
        rows = rows[rows["night"].isin(choice.nights)]
    if choice.conditions:
        rows = rows[folders(rows, "condition").isin(choice.conditions)]
    folder = folders(rows, choice.by)
    if choice.only:
        rows = rows[folder.isin(choice.only)]
    given = rows["member"].notna() & (rows["status"].eq("ok") | choice.damaged)
    if choice.limit:
        rows = rows[given].sort_values(["utc", "frame_id"], key=sort_key)
        rows = rows[spread(folder[rows.index], choice.limit)]
        given = given[rows.index]
    if not given.any():
        raise InputError("no picture is chosen", "--only, --nights, --conditions", "choose more, or add --damaged")
    names = [file_name(*row) for row in rows[["utc", "night", "frame_no"]].itertuples(index=False)]
    files = (folder[rows.index] + "/" + names).str.removeprefix("/").where(given)
    if files.dropna().duplicated().any():
        raise DataError("two frames have one name", files[files.duplicated()].iloc[0], "run `dvc repro`")
    return rows.assign(file=files).sort_values(["night", "frame_no"]).reset_index(drop=True)


def _needed(choice: Choice) -> dict[str, str]:
    """The option that asks for each table which the choice cannot do without."""
    by = {"condition": "sky", "label": "labelled", "prediction": "predictions"}
    needed = {by[choice.by]: f"--by {choice.by}"} if choice.by in by else {}
    return {"sky": "--conditions", **needed} if choice.conditions else needed


def read(params: Params, needed: dict[str, str]) -> pd.DataFrame:
    """All frames with their times, sky, label and prediction; `needed`: tables that must be there, with what asks."""
    rows = FRAMES_TABLE.read_months(params.months)
    times = TIMES_TABLE.read_months(params.months)[["frame_id", "utc", "time_status"]]
    rows = rows.assign(simulated=rows["video"].str.startswith(SIMULATED_PREFIX))
    rows = rows.merge(times, on="frame_id", how="left", validate="one_to_one")
    for table, columns in (
        (SKY_TABLE, SKY),
        (LABELLED_TABLE, ["label"]),
        (PREDICTIONS_TABLE, ["p_aurora", "is_aurora"]),
    ):
        if table.path().exists():
            found = table.read().drop_duplicates("frame_id")[["frame_id", *columns]]
            rows = rows.merge(found, on="frame_id", how="left")
        elif table.name in needed:
            stage = STAGES[table.name]
            asked = f"{needed[table.name]} needs the table '{table.name}', which is missing"
            raise InputError(asked, table.path(), f"run `dvc repro {stage}`, or `dvc pull`")
        else:
            rows[columns] = None
    return rows


def folders(rows: pd.DataFrame, by: str) -> pd.Series:
    """The folder of each frame, one of `FOLDERS[by]`; empty without grouping."""
    if by == "condition":
        return (rows["sun_class"] + "_" + rows["moon_class"]).fillna(UNKNOWN)
    if by == "label":
        return rows["label"].fillna(UNLABELLED)
    if by == "prediction":
        return rows["is_aurora"].map({True: "yes", False: "no"}).fillna(UNCLASSIFIED)
    return pd.Series("", index=rows.index)


def spread(folder: pd.Series, limit: int) -> pd.Series:
    """Which of the rows are taken: at most `limit` of each folder, evenly over its rows in the order given."""
    taken = pd.Series(False, index=folder.index)
    for _, labels in folder.groupby(folder).groups.items():
        places = np.linspace(0, len(labels) - 1, min(limit, len(labels))).round().astype(int)
        taken[labels[places]] = True
    return taken
