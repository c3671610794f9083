"""Results in the form of AuroraX: occurrence intervals as data product records, and a table of frames.

The names are those of pyaurorax 1 (`pyaurorax.search.DataProductData.to_json_serializable`, `DataSource`), so that
`pyaurorax.search.data_products` users read and upload the records as they are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
import pyarrow.parquet as pq

from ..config import Params
from ..corpus.frame_ids import sort_key
from ..errors import ConfigError, InputError
from ..files import atomic_write, write_text
from ..results import DIGITS, rounded
from ..tables.predictions import PREDICTIONS_TABLE
from . import listing
from .intervals import occurrence_intervals

PRODUCTS, SOURCE, FRAMES_CSV, FRAMES_PARQUET = "data_products.json", "data_source.json", "frames.csv", "frames.parquet"
FILES = (PRODUCTS, SOURCE, FRAMES_CSV, FRAMES_PARQUET)
PRODUCT_TYPE = "summary_plot"
"""Of the types that AuroraX has (keogram, montage, movie, summary_plot, data_availability) the one for summaries."""
SOURCE_TYPE = "ground"
TIME = "%Y-%m-%dT%H:%M:%S.%f"
MINUTE = "%Y-%m-%dT%H:%M:00.000"
"""Records are kept to the minute: `to_json_serializable` writes start and end like this."""
METADATA = {
    "night": ("string", "date of the morning, YYYYMMDD"),
    "first_frame": ("string", "time of the first frame with aurora, UTC"),
    "last_frame": ("string", "time of the last frame with aurora, UTC"),
    "frames": ("integer", "frames called aurora"),
    "p_aurora_mean": ("double", "mean probability of aurora in these frames, calibrated"),
    "p_aurora_max": ("double", "highest probability of aurora in these frames, calibrated"),
    "simulated": ("boolean", "whether the sky is simulated: no observation"),
}
"""Data type and description of each field of a record's metadata."""
FRAME_COLUMNS = (
    "frame_id", "night", "frame_no", "utc", "time_status", "status", "latitude", "longitude",
    *listing.SKY, "label", "p_aurora", "is_aurora", "simulated",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """How AuroraX names the instrument: `program`, `platform` (the site) and `instrument_type`."""

    program: str = "auroramax"
    platform: str = "yellowknife"
    instrument_type: str = "RGB ASI"

    def __post_init__(self) -> None:
        for option, value in (("--program", self.program), ("--platform", self.platform)):
            if not value.strip() or value != value.strip():
                raise ConfigError("the name is empty or has spaces around it", option, "give AuroraX's name for it")


def products(intervals: pd.DataFrame, source: Source, url: str) -> list[dict[str, Any]]:
    """The intervals as data product records, ready for JSON; `url`: where the frames' table will lie on the web."""
    records = []
    for row in intervals.to_dict("records"):
        times = {"first_frame": f"{row['start']:{TIME}}", "last_frame": f"{row['end']:{TIME}}"}
        metadata = {name: times[name] if name in times else row[name] for name in METADATA}
        records.append(
            {
                "data_product_type": PRODUCT_TYPE,
                "start": f"{row['start']:{MINUTE}}",
                "end": f"{row['end']:{MINUTE}}",
                "url": url,
                "metadata": rounded(metadata),
                "program": source.program,
                "platform": source.platform,
                "instrument_type": source.instrument_type,
            }
        )
    return records


def data_source(source: Source, params: Params) -> dict[str, Any]:
    """The record of the instrument, with the schema of the products' metadata; AuroraX gives the identifier."""
    return {
        "program": source.program,
        "platform": source.platform,
        "instrument_type": source.instrument_type,
        "source_type": SOURCE_TYPE,
        "display_name": f"{source.program} {source.platform} {source.instrument_type}: aurora, classified",
        "metadata": {"geodetic_latitude": params.site.latitude, "geodetic_longitude": params.site.longitude},
        "data_product_metadata_schema": [
            {"field_name": name, "description": description, "data_type": kind, "allowed_values": []}
            for name, (kind, description) in METADATA.items()
        ],
    }


def frames_table(params: Params, nights: tuple[str, ...] = ()) -> pd.DataFrame:
    """All frames of the project in the current folder, or of some nights, in order: FRAME_COLUMNS.

    Raises
    ------
    ConfigError
        A night that the project does not have.
    InputError
        No predictions yet.
    """
    rows = listing.read(params, {PREDICTIONS_TABLE.name: "--format aurorax"})
    unknown = sorted(set(nights) - set(rows["night"]))
    if unknown:
        raise ConfigError("this project has no such night", f"--nights {','.join(unknown)}", "write nights as YYYYMMDD")
    rows = rows[rows["night"].isin(nights)] if nights else rows
    rows = rows.sort_values("frame_id", key=sort_key, ignore_index=True)
    rows = rows.assign(latitude=params.site.latitude, longitude=params.site.longitude)
    return rows[list(FRAME_COLUMNS)].assign(is_aurora=rows["is_aurora"].astype("boolean"))


def check_folder(out: Path) -> None:
    """An InputError where the folder is a file, or holds what no such export wrote."""
    if out.exists() and not out.is_dir():
        raise InputError("this is not a folder", out, "give a new folder")
    others = sorted(path.name for path in out.iterdir() if path.name not in FILES) if out.is_dir() else []
    if others:
        what = f"this folder holds '{others[0]}', which is not of an export for AuroraX"
        raise InputError(what, out, "give a new folder, or empty this one")


def write(params: Params, out: Path, source: Source, nights: tuple[str, ...] = (), url: str = "") -> str:
    """Write FILES into a folder, each whole; return a line that says what is there."""
    check_folder(out)
    frames = frames_table(params, nights)
    intervals = occurrence_intervals(frames, params.extract.interval_s)
    records = products(intervals, source, url)
    write_text(out / PRODUCTS, json.dumps(records, indent=2, allow_nan=False) + "\n")
    write_text(out / SOURCE, json.dumps(data_source(source, params), indent=2, allow_nan=False) + "\n")
    text = frames.assign(utc=frames["utc"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")).round(DIGITS)
    write_text(out / FRAMES_CSV, text.to_csv(index=False, lineterminator="\n"))
    with atomic_write(out / FRAMES_PARQUET) as temporary:
        pq.write_table(pyarrow.Table.from_pandas(frames, preserve_index=False), temporary, compression="zstd")
    simulated = "; the sky is simulated" if frames["simulated"].all() else ""
    return f"{len(records):,} intervals of aurora and {len(frames):,} frames, in {out}{simulated}"
