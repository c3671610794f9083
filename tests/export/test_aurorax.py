"""Records in AuroraX's form, by the schema that pyaurorax documents, and frames that pandas reads."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import tiny
from aurora_gradcam.cli import app
from aurora_gradcam.errors import AuroraError, ConfigError, InputError
from aurora_gradcam.export import aurorax
from aurora_gradcam.export.intervals import occurrence_intervals
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE

RECORD = {
    "data_product_type": str, "start": str, "end": str, "url": str, "metadata": dict,
    "program": str, "platform": str, "instrument_type": str,
}  # fmt: skip
"""What DataProductData.to_json_serializable of pyaurorax 1 gives: its attributes, and the source's three names."""
TYPES = {"keogram", "montage", "movie", "summary_plot", "data_availability"}
"""pyaurorax.search.DATA_PRODUCT_TYPE_*."""
SOURCE = {
    "identifier", "program", "platform", "instrument_type", "source_type", "display_name", "metadata", "owner",
    "maintainers", "ephemeris_metadata_schema", "data_product_metadata_schema", "stats", "format",
}  # fmt: skip
"""Arguments of pyaurorax.search.DataSource."""
SOURCE_TYPES = {"ground", "leo", "heo", "lunar", "event_list", "not_applicable"}
KINDS = {"string": str, "integer": int, "double": float, "boolean": bool}


@pytest.fixture
def project(tmp_path, monkeypatch) -> pd.DataFrame:
    monkeypatch.chdir(tmp_path)
    split = tiny.build(nights=("20240201", "20240202"))
    p = np.where(np.arange(len(split)) % 9 < 4, 0.9, 0.1)  # the first four frames of each night, but for the lost two
    rows = split[["frame_id"]].assign(logit_no=0.0, logit_yes=0.0, p_aurora=p, is_aurora=p > 0.5)
    PREDICTIONS_TABLE.write(rows)
    return rows


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["export", *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_records_have_the_documented_fields_types_and_times(project):
    output = run("--out", "out", "--format", "aurorax", "--url", "https://example.org/frames.csv")
    records = json.loads(Path("out/data_products.json").read_text())
    assert f"{len(records)} intervals of aurora and 18 frames" in output and "simulated" in output
    schema = json.loads(Path("out/data_source.json").read_text())["data_product_metadata_schema"]
    kinds = {field["field_name"]: KINDS[field["data_type"]] for field in schema}
    assert records
    for record in records:
        assert {name: type(value) for name, value in record.items()} == RECORD
        assert record["data_product_type"] in TYPES
        start, end = (datetime.strptime(record[name], "%Y-%m-%dT%H:%M:00.000") for name in ("start", "end"))
        assert start <= end
        assert {name: type(value) for name, value in record["metadata"].items()} == kinds
        assert record["metadata"]["simulated"] is True


def test_intervals_are_those_of_the_calls(project):
    run("--out", "out", "--format", "aurorax")
    records = json.loads(Path("out/data_products.json").read_text())
    first = records[0]
    assert (first["start"], first["end"]) == ("2024-02-01T06:00:00.000", "2024-02-01T06:03:00.000")
    assert first["metadata"] == {
        "night": "20240201", "first_frame": "2024-02-01T06:00:00.000000", "last_frame": "2024-02-01T06:03:00.000000",
        "frames": 4, "p_aurora_mean": 0.9, "p_aurora_max": 0.9, "simulated": True,
    }  # fmt: skip
    assert sum(record["metadata"]["frames"] for record in records) == project["is_aurora"].sum()


def test_the_source_has_the_documented_fields(project):
    run("--out", "out", "--format", "aurorax", "--program", "mine", "--platform", "hill", "--set", "site.latitude=70")
    source = json.loads(Path("out/data_source.json").read_text())
    assert set(source) <= SOURCE and source["source_type"] in SOURCE_TYPES
    assert (source["program"], source["platform"]) == ("mine", "hill")
    assert source["metadata"]["geodetic_latitude"] == 70
    for field in source["data_product_metadata_schema"]:
        assert set(field) == {"field_name", "description", "data_type", "allowed_values"}


def test_pandas_reads_the_same_frames_from_csv_and_parquet(project):
    run("--out", "out", "--format", "aurorax")
    text = pd.read_csv("out/frames.csv", parse_dates=["utc"], dtype={"night": str})
    binary = pd.read_parquet("out/frames.parquet")
    assert list(text) == list(binary) == list(aurorax.FRAME_COLUMNS)
    assert len(text) == 18 and str(binary["utc"].dt.tz) == "UTC"
    assert (text["utc"] == binary["utc"]).all() and (text["frame_id"] == binary["frame_id"]).all()
    assert np.allclose(text["p_aurora"], binary["p_aurora"].astype(float), equal_nan=True)
    assert binary["is_aurora"].isna().sum() == 2  # one frame is corrupt, one missing
    assert binary["sun_altitude"].notna().all() and (binary["latitude"] == 62.4333).all()


def test_nights_are_chosen_and_a_second_export_replaces_the_first(project):
    run("--out", "out", "--format", "aurorax")
    run("--out", "out", "--format", "aurorax", "--nights", "20240202")
    assert set(pd.read_csv("out/frames.csv", dtype=str)["night"]) == {"20240202"}
    assert {path.name for path in Path("out").iterdir()} == set(aurorax.FILES)


@pytest.mark.parametrize(
    ("words", "kind", "named"),
    [
        (["--format", "cdf"], ConfigError, "'cdf' is unknown"),
        (["--format", "aurorax", "--by", "label"], ConfigError, "leave out --by"),
        (["--format", "aurorax", "--nights", "20300101"], ConfigError, "no such night"),
        (["--format", "aurorax", "--platform", " "], ConfigError, "--platform"),
    ],
)
def test_bad_calls_are_refused_and_nothing_is_written(project, words, kind, named):
    with pytest.raises(AuroraError) as caught:
        run("--out", "out", *words)
    assert isinstance(caught.value, kind) and named in str(caught.value)
    assert not Path("out").exists()


def test_a_folder_with_other_things_and_a_project_without_predictions_are_errors(project):
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("x")
    with pytest.raises(InputError, match="holds 'notes.txt'"):
        run("--out", "mine", "--format", "aurorax")
    PREDICTIONS_TABLE.path().unlink()
    with pytest.raises(InputError, match="needs the table 'predictions'"):
        run("--out", "out", "--format", "aurorax")


@settings(deadline=None)
@given(st.lists(st.sampled_from(["yes", "no", "lost", "untimed"]), max_size=40), st.integers(1, 3))
def test_intervals_hold_every_called_frame_once_and_no_other(frames, step):
    start = pd.Timestamp("2024-02-01 05:00", tz="UTC")
    rows = pd.DataFrame({"kind": pd.Series(frames, dtype=str), "night": "20240201"})
    rows = rows.assign(utc=[start + pd.Timedelta(minutes=number) for number in range(len(rows))])
    rows["utc"] = pd.to_datetime(rows["utc"], utc=True).where(rows["kind"] != "untimed")
    called = rows["kind"].map({"yes": True, "no": False, "untimed": True}).astype("boolean")
    rows = rows.assign(is_aurora=called, p_aurora=0.5, simulated=False)
    found = occurrence_intervals(rows, step * 60)
    seen = rows[rows["kind"] == "yes"]["utc"]
    inside = [((found["start"] <= utc) & (utc <= found["end"])).sum() for utc in seen]
    assert inside == [1] * len(seen) and found["frames"].sum() == len(seen)
    for utc in rows[rows["kind"] == "no"]["utc"]:
        assert not ((found["start"] <= utc) & (utc <= found["end"])).any()
    ends, starts = found["end"].iloc[:-1].to_numpy(), found["start"].iloc[1:].to_numpy()
    assert (starts > ends).all()
