"""What all tables share: their place on disk, and their columns, checked on write and on read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
import pyarrow
import pyarrow.parquet as pq

from ..errors import DataError, InputError
from ..files import atomic_write

FRAME_ID = r"^\d{8}-\d{5,}$"
NIGHT = r"^\d{8}$"
UTC_TIME = "datetime64[us, UTC]"
LOCAL_TIME = "datetime64[us]"


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
        """The same rows with the columns in order and in their types, or a DataError that names the first fault.

        An optional column that the rows lack stays away.
        """
        try:
            checked = self.schema.validate(frame)
            checked = checked[[name for name in self.schema.columns if name in checked]].reset_index(drop=True)
        except (pa.errors.SchemaError, pa.errors.SchemaErrors) as error:
            fault = " ".join(str(error).split())[:300]
            raise DataError(f"the table '{self.name}' breaks its contract: {fault}", where) from error
        repeated = checked.loc[checked.duplicated(list(self.key)), list(self.key)]
        if len(repeated):
            duplicate = tuple(repeated.iloc[0])
            raise DataError(f"the table '{self.name}' breaks its contract: {duplicate} is not unique", where)
        return checked

    def write(self, frame: pd.DataFrame, month: str = "") -> Path:
        """Check and write, whole; the same rows give the same bytes."""
        path = self.path(month)
        table = pyarrow.Table.from_pandas(self.checked(frame, path), preserve_index=False)
        with atomic_write(path) as temporary:
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
            raise DataError("not a readable Parquet file", path, "remove it and run `dvc repro`") from error
        return self.checked(frame, path)

    def read_months(self, months: tuple[str, ...]) -> pd.DataFrame:
        """All months below one another, in the order given."""
        if not months:
            raise InputError("no months to read", "params.yaml: months", "list at least one, such as 2024-02")
        return pd.concat([self.read(month) for month in months], ignore_index=True)


def text(pattern: str = "", among: tuple[str, ...] = (), nullable: bool = False, optional: bool = False) -> pa.Column:
    """A column of text that matches `pattern` and is one of `among`, where these are given."""
    checks = [pa.Check.str_matches(pattern)] if pattern else []
    if among:
        checks.append(pa.Check.isin(among))
    return pa.Column("str", checks, nullable=nullable, coerce=True, required=not optional)


def number(
    low: float | None = None,
    high: float | None = None,
    nullable: bool = False,
    kind: str = "float64",
    optional: bool = False,
) -> pa.Column:
    """A column of numbers from `low` to `high`, both included."""
    checks = [pa.Check.ge(low)] if low is not None else []
    if high is not None:
        checks.append(pa.Check.le(high))
    return pa.Column(kind, checks, nullable=nullable, coerce=True, required=not optional)


def time(kind: str) -> pa.Column:
    """A column of times of a pandas type; null where unknown."""
    return pa.Column(kind, nullable=True, coerce=True)


def frame_id() -> pa.Column:
    """The column that names a frame."""
    return text(FRAME_ID)


def table(name: str, place: str, columns: dict[str, pa.Column], key: tuple[str, ...] = ("frame_id",)) -> Table:
    """A table of these columns and no others."""
    return Table(name, place, pa.DataFrameSchema(columns, strict="filter"), key)
