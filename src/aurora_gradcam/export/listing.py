"""Which frames `aurora export` copies, under which names and into which folders; `files.py` writes them.

A file is named `20240201011954_20240201_10.jpg`: UTC, night, number of the frame in its video, as the study names them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..conditions import MOON_CLASSES, SUN_CLASSES
from ..config import Params
from ..corpus.frame_ids import sort_key
from ..errors import ConfigError, DataError, InputError
from ..tables.frames import FRAMES_TABLE, SIMULATED_PREFIX
from ..tables.kinds import CLASSES, CLOUD, CLOUDS, FORM, HEADS, actual
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
    CLOUD: (*CLOUDS, UNKNOWN),
    FORM: (*CLASSES[FORM], UNKNOWN),
    "none": (),
}
"""The folders of each grouping; frames of unknown time, or without label or prediction, have a folder of their own."""
SKY = ["sun_class", "moon_class", "sun_altitude", "moon_altitude"]
STAGES = {"sky": "illuminate", "labelled": "sample_label", "predictions": "evaluate"}
LIST_COLUMNS = (
    "file", "frame_id", "utc", "time_status", "status", *SKY, "label", "p_aurora", "is_aurora", "simulated",
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """The selection of frames; an empty tuple and None select every frame.

    by
        condition, label, prediction, cloud, form or none.
    only
        Folders of that grouping.
    nights
        Names of nights, YYYYMMDD.
    conditions
        Folders of the grouping by condition, whatever `by` is.
    limit
        Largest number of pictures in a folder, spread evenly over its frames in order of time.
    damaged
        Whether damaged and blank pictures are included.
    """

    by: str = "condition"
    only: tuple[str, ...] = ()
    nights: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    limit: int | None = None
    damaged: bool = False

    def __post_init__(self) -> None:
        _check_names((self.by,), tuple(FOLDERS), "--by")
        if self.only and not FOLDERS[self.by]:
            raise ConfigError("there are no folders to select from", "--only", "leave out --only, or set --by")
        _check_names(self.only, FOLDERS[self.by], "--only")
        _check_names(self.conditions, CONDITION_FOLDERS, "--conditions")
        if self.limit is not None and self.limit < 1:
            raise ConfigError(f"{self.limit} is not a valid limit", "--limit", "give a whole number of at least 1")


def _check_names(values: Sequence[str], allowed: Sequence[str], option: str) -> None:
    for value in values:
        if value not in allowed:
            raise ConfigError(f"'{value}' is unknown", option, f"choose from {', '.join(allowed)}")


def file_name(utc: pd.Timestamp, night: str, frame_no: int) -> str:
    """`20240201011954_20240201_10.jpg`; an unknown time (NaT) reads `unknown`."""
    return f"{UNKNOWN if pd.isna(utc) else utc.strftime('%Y%m%d%H%M%S')}_{night}_{frame_no}.jpg"


def listing(params: Params, choice: Choice) -> pd.DataFrame:
    """The chosen frames of the project in the current folder, one row each, in order of night and frame number.

    Its columns are `LIST_COLUMNS`, those of cloud, form and strength that anything is known of, night and member (the
    picture's name in the night archive). `file` is the name with its folder, missing where no picture is exported.
    Columns of tables that do not exist yet are missing values.
    """
    rows = with_kinds(read(params, needed=_needed_tables(choice)))
    if choice.by in (CLOUD, FORM) and choice.by not in rows:
        what = f"nothing is known of the {choice.by}: the model has no head for it, and nobody has labelled it"
        raise InputError(what, f"--by {choice.by}", "see docs/heads.md, or group by something else")
    unknown = sorted(set(choice.nights) - set(rows["night"]))
    if unknown:
        raise ConfigError("this project has no such night", f"--nights {','.join(unknown)}", "write nights as YYYYMMDD")
    if choice.nights:
        rows = rows[rows["night"].isin(choice.nights)]
    if choice.conditions:
        rows = rows[folders(rows, "condition").isin(choice.conditions)]
    folder = folders(rows, choice.by)
    if choice.only:
        rows = rows[folder.isin(choice.only)]
    exported = rows["member"].notna() & (rows["status"].eq("ok") | choice.damaged)
    if choice.limit:
        rows = rows[exported].sort_values(["utc", "frame_id"], key=sort_key)
        rows = rows[spread(folder[rows.index], choice.limit)]
        exported = exported[rows.index]
    if not exported.any():
        raise InputError("no picture matches", "--only, --nights, --conditions", "select more, or add --damaged")
    names = [file_name(*row) for row in rows[["utc", "night", "frame_no"]].itertuples(index=False)]
    files = (folder[rows.index] + "/" + names).str.removeprefix("/").where(exported)
    if files.dropna().duplicated().any():
        raise DataError("two frames have the same name", files[files.duplicated()].iloc[0], "run `dvc repro`")
    return rows.assign(file=files).sort_values(["night", "frame_no"]).reset_index(drop=True)


def _needed_tables(choice: Choice) -> dict[str, str]:
    """Each table that the choice needs, with the option that needs it."""
    by = {"condition": "sky", "label": "labelled", "prediction": "predictions"}
    needed = {by[choice.by]: f"--by {choice.by}"} if choice.by in by else {}
    return {"sky": "--conditions", **needed} if choice.conditions else needed


def read(params: Params, needed: dict[str, str]) -> pd.DataFrame:
    """All frames with times, sky, label and prediction; `needed`: required tables with the option that needs them."""
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
            columns_of_table = table.read().drop_duplicates("frame_id")[["frame_id", *columns]]
            rows = rows.merge(columns_of_table, on="frame_id", how="left")
        elif table.name in needed:
            stage = STAGES[table.name]
            problem = f"{needed[table.name]} needs the table '{table.name}', which is missing"
            raise InputError(problem, table.path(), f"run `dvc repro {stage}`, or `dvc pull`")
        else:
            rows[columns] = None
    return rows


def with_kinds(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with cloud, form and strength as the classifier tells them; without its head as people labelled them."""
    predicted = PREDICTIONS_TABLE.read() if PREDICTIONS_TABLE.path().exists() else rows.iloc[:0]
    labelled = LABELLED_TABLE.read().drop_duplicates("frame_id") if LABELLED_TABLE.path().exists() else rows.iloc[:0]
    for kind in HEADS:
        if kind in predicted:
            known = predicted[["frame_id", kind]]
        elif kind in labelled and labelled[kind].notna().any():
            known = labelled[["frame_id"]].assign(**{kind: actual(labelled, kind)})
        else:
            continue
        rows = rows.merge(known, on="frame_id", how="left", validate="one_to_one")
    return rows


def folders(rows: pd.DataFrame, by: str) -> pd.Series:
    """The folder of each frame, one of `FOLDERS[by]`; empty without grouping."""
    if by == "condition":
        return (rows["sun_class"] + "_" + rows["moon_class"]).fillna(UNKNOWN)
    if by == "label":
        return rows["label"].fillna(UNLABELLED)
    if by == "prediction":
        return rows["is_aurora"].map({True: "yes", False: "no"}).fillna(UNCLASSIFIED)
    if by in (CLOUD, FORM):
        return rows[by].fillna(UNKNOWN)
    return pd.Series("", index=rows.index)


def spread(folder: pd.Series, limit: int) -> pd.Series:
    """Which rows to keep: at most `limit` of each folder, evenly over its rows in the order given."""
    taken = pd.Series(False, index=folder.index)
    for _, labels in folder.groupby(folder).groups.items():
        places = np.linspace(0, len(labels) - 1, min(limit, len(labels))).round().astype(int)
        taken[labels[places]] = True
    return taken
