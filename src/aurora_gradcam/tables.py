"""The tables that pass between stages: their places and columns, checked on write and on read.

All times are UTC unless named local, all angles degrees. `frame_id` is `<night>-<frame_no:05d>`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
import pyarrow
import pyarrow.parquet as pq

from .archive import written_whole
from .config import MOON_CLASSES, SUN_CLASSES
from .errors import DataError, InputError

FRAME_STATUSES = ("ok", "corrupt", "blank", "missing")
"""ok; the decoder met damage; a uniform picture without a sky; promised by the video but never decoded."""
TIME_STATUSES = ("read", "repaired", "interpolated", "failed")
"""as tesseract read it; misread and mended by the clock model; no reading, placed by the clock model; unknown."""
LABELS = ("no", "yes")
SPLITS = ("train", "val", "test")
SETS = ("train_pool", "audit")
SIMULATED_PREFIX = "simulated"
"""Videos whose names start like this are simulated, and every report made from them says so."""

FRAME_ID = r"^\d{8}-\d{5}$"
NIGHT = r"^\d{8}$"
UTC = "datetime64[us, UTC]"
LOCAL = "datetime64[us]"


@dataclass(frozen=True)
class Table:
    """One table: where it lies (`{month}` where it is kept by month), its columns, the columns that identify a row."""

    name: str
    place: str
    schema: pa.DataFrameSchema
    key: tuple[str, ...]

    def path(self, month: str = "") -> Path:
        """Where the table lies below the project's root."""
        return Path(self.place.format(month=month))

    def checked(self, frame: pd.DataFrame, where: object) -> pd.DataFrame:
        """The same rows with the columns in order and in their types, or a DataError that names the first fault."""
        try:
            checked = self.schema.validate(frame)[list(self.schema.columns)].reset_index(drop=True)
        except (pa.errors.SchemaError, pa.errors.SchemaErrors) as error:
            fault = " ".join(str(error).split())[:300]
            raise DataError(f"the table '{self.name}' breaks its contract: {fault}", where) from error
        repeated = checked.duplicated(list(self.key))
        if repeated.any():
            twice = tuple(checked.loc[repeated.idxmax(), list(self.key)])
            raise DataError(f"the table '{self.name}' breaks its contract: {twice} is not unique", where)
        return checked

    def write(self, frame: pd.DataFrame, month: str = "") -> Path:
        """Check and write, whole; the same rows give the same bytes."""
        path = self.path(month)
        table = pyarrow.Table.from_pandas(self.checked(frame, path), preserve_index=False)
        with written_whole(path) as temporary:
            pq.write_table(table.replace_schema_metadata(None), temporary, compression="zstd")
        return path

    def read(self, month: str = "") -> pd.DataFrame:
        """Read and check."""
        path = self.path(month)
        if not path.exists():
            raise InputError(f"the table '{self.name}' is missing", path, "run `dvc repro`, or `dvc pull`")
        try:
            frame = pq.read_table(path).to_pandas()
        except pyarrow.ArrowException as error:
            raise DataError("this is no readable Parquet file", path, "remove it and run `dvc repro`") from error
        return self.checked(frame, path)

    def read_months(self, months: tuple[str, ...]) -> pd.DataFrame:
        """All months under one another, in the order given."""
        if not months:
            raise InputError("no months to read", "params.yaml: months", "list at least one, such as 2024-02")
        return pd.concat([self.read(month) for month in months], ignore_index=True)


def _text(pattern: str = "", among: tuple[str, ...] = (), nullable: bool = False, unique: bool = False) -> pa.Column:
    checks = [pa.Check.str_matches(pattern)] if pattern else []
    if among:
        checks.append(pa.Check.isin(among))
    return pa.Column("str", checks, nullable=nullable, unique=unique, coerce=True)


def _number(
    low: float | None = None, high: float | None = None, nullable: bool = False, kind: str = "float64"
) -> pa.Column:
    checks = [pa.Check.ge(low)] if low is not None else []
    if high is not None:
        checks.append(pa.Check.le(high))
    return pa.Column(kind, checks, nullable=nullable, coerce=True)


def _time(kind: str) -> pa.Column:
    return pa.Column(kind, nullable=True, coerce=True)


def _table(name: str, place: str, columns: dict[str, pa.Column], key: tuple[str, ...] = ("frame_id",)) -> Table:
    return Table(name, place, pa.DataFrameSchema(columns, strict="filter"), key)


_frame_id = _text(FRAME_ID)
_label = _text(among=LABELS)

FRAMES = _table(
    "frames",
    "data/tables/frames/{month}.parquet",
    {
        "frame_id": _frame_id,
        "night": _text(NIGHT),
        "video": _text(),  # file name
        "video_md5": _text(),
        "frame_no": _number(0, kind="int64"),  # index of the video frame, from 0
        "pts_s": _number(0),  # presentation time in the video
        "member": _text(nullable=True),  # name inside the night archives; none where there is no picture
        "status": _text(among=FRAME_STATUSES),
    },
)
TIMES = _table(
    "times",
    "data/tables/times/{month}.parquet",
    {
        "frame_id": _frame_id,
        "text": _text(nullable=True),  # as tesseract gave it
        "confidence": _number(0, 100, nullable=True),
        "local_time": _time(LOCAL),
        "utc_offset_min": _number(-900, 900, nullable=True),
        "utc": _time(UTC),
        "time_status": _text(among=TIME_STATUSES),
        "residual_s": _number(nullable=True),  # reading minus clock model
    },
)
SKY = _table(
    "sky",
    "data/tables/sky.parquet",
    {
        "frame_id": _frame_id,
        "utc": _time(UTC),
        "sun_altitude": _number(-90, 90, nullable=True),
        "sun_azimuth": _number(0, 360, nullable=True),
        "moon_altitude": _number(-90, 90, nullable=True),
        "moon_azimuth": _number(0, 360, nullable=True),
        "moon_phase_angle": _number(0, 180, nullable=True),  # folded: 180 = full
        "moon_illumination": _number(0, 1, nullable=True),
        "sun_class": _text(among=SUN_CLASSES, nullable=True),  # all null where the time is unknown
        "moon_class": _text(among=MOON_CLASSES, nullable=True),
    },
)
LABELLED = _table(
    "labelled",
    "data/tables/labelled.parquet",
    {
        "frame_id": _frame_id,
        "label": _label,
        "set": _text(among=SETS),
        "annotator": _text(),
        "weight": _number(1),  # frames that this one stands for in its set's population
    },
    key=("frame_id", "set"),
)
SPLIT = _table(
    "split",
    "data/tables/split.parquet",
    {"frame_id": _frame_id, "night": _text(NIGHT), "label": _label, "split": _text(among=SPLITS)},
)
PREDICTIONS = _table(
    "predictions",
    "data/tables/predictions.parquet",
    {
        "frame_id": _frame_id,
        "logit_no": _number(),
        "logit_yes": _number(),
        "p_aurora": _number(0, 1),
        "is_aurora": pa.Column("bool", coerce=True),
    },
)
MEASURES = {
    "energy_in_mask": _number(0, 1, nullable=True),  # share of the map's sum that lies on visible aurora
    "mask_area": _number(0, 1, nullable=True),  # share of the sky circle that visible aurora covers
    "energy_over_area": _number(0, nullable=True),  # the one divided by the other: 1 is chance
    "pointing_hit": _number(0, 1, nullable=True),  # whether the hottest place lies on aurora
    "road": _number(-1, 1, nullable=True),  # remove and debias: the higher, the more the hot places matter
    "insertion": _number(0, 1, nullable=True),  # area under P as the hottest places are put into an even sky
    "deletion": _number(0, 1, nullable=True),  # area under P as the hottest places are removed
}
"""Measures of a map; the first four are null without truth or aurora, the last three except for some measured frames"""
CAMS = _table(
    "cams",
    "data/tables/cams.parquet",
    {
        "frame_id": _frame_id,
        "chosen_as": _text(),  # e.g. "Night x No_Moon", "true positive", "measured"
        "target": _text(among=LABELS),  # the class whose logit is explained
        "method": _text(),  # gradcam or layercam
        "layer": _text(),
        "p_aurora": _number(0, 1),
        "heat_in_circle": _number(0, 1, nullable=True),  # share of the map's sum inside the sky circle
        **MEASURES,
        "shift_agreement": _number(-1, 1, nullable=True),  # rank correlation with the map of the shifted picture
    },
    key=("frame_id", "chosen_as", "target", "method", "layer"),
)
CAM_BASELINES = _table(
    "cam_baselines",
    "data/tables/cam_baselines.parquet",
    {"frame_id": _frame_id, "baseline": _text(), **MEASURES},  # maps that know nothing of the network
    key=("frame_id", "baseline"),
)

TO_LABEL = Path("data/tables/to_label.csv")
LABELS_FILE = Path("data/labels/labels.csv")
LABELS_COLUMNS = ("frame_id", "label", "annotator")


def is_simulated(frames: pd.DataFrame) -> bool:
    """Whether any row of the frames table comes from a simulated video."""
    return bool(frames["video"].str.startswith(SIMULATED_PREFIX).any())


def condition_name(sun_class: str, moon_class: str) -> str:
    """`Night`, `No_Moon` -> `Night x No_Moon`."""
    return f"{sun_class} x {moon_class}"
