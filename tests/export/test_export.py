"""Exported frames are the archives' bytes under names that tell the truth, and nobody else's file is touched."""

from __future__ import annotations

import io
import os
import re
import zipfile
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from aurora_gradcam.cli import app
from aurora_gradcam.config import load
from aurora_gradcam.corpus import archive
from aurora_gradcam.errors import AuroraError, ConfigError, DataError, InputError
from aurora_gradcam.export import files as export_files
from aurora_gradcam.export import listing as export
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.labels import LABELLED_TABLE
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.tables.sky import SKY_TABLE
from aurora_gradcam.tables.times import TIMES_TABLE

OUT = Path("out")
GOOD, PICTURES = 106, 107
"""Frames of the miniature project with a sound picture, and with any: one of 108 is corrupt, one is missing."""


def run(out: Path = OUT, **choice) -> pd.DataFrame:
    """Export; return the list that was written, as anyone would read it."""
    export_files.write(export.listing(load(Path("params.yaml")), export.Choice(**choice)), out)
    if out.suffix == ".zip":
        return pd.read_csv(io.BytesIO(zipfile.ZipFile(out).read("frames.csv")))
    return pd.read_csv(out / "frames.csv")


def files(folder: Path = OUT) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def predict(tiny_project: pd.DataFrame) -> pd.DataFrame:
    """Predictions of all sound frames: right ones, but for the first."""
    p = (tiny_project["label"] == "yes") * 0.8 + 0.1
    p.iloc[0] = 1 - p.iloc[0]
    rows = tiny_project[["frame_id"]].assign(logit_no=0.0, logit_yes=0.0, p_aurora=p, is_aurora=p >= 0.5)
    PREDICTIONS_TABLE.write(rows)
    return rows


def forget_time(frame_id: str) -> None:
    times, sky = TIMES_TABLE.read("2024-02"), SKY_TABLE.read()
    times.loc[times["frame_id"] == frame_id, "utc"] = pd.NaT
    times.loc[times["frame_id"] == frame_id, "time_status"] = "failed"
    TIMES_TABLE.write(times, "2024-02")
    sky.loc[sky["frame_id"] == frame_id, [name for name in sky if name != "frame_id"]] = None
    SKY_TABLE.write(sky)


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(lambda time: time.replace(microsecond=0, tzinfo=UTC)),
    st.dates().map(lambda day: f"{day:%Y%m%d}".rjust(8, "0")),
    st.integers(0, 10**6),
)
def test_a_name_tells_time_night_and_number_back(utc, night, frame_no):
    name = export.file_name(pd.Timestamp(utc), night, frame_no)
    time, name_night, number = name.removesuffix(".jpg").split("_")
    assert datetime.strptime(time, "%Y%m%d%H%M%S").replace(tzinfo=UTC) == utc
    assert (name_night, int(number)) == (night, frame_no)
    assert number == "0" or number[0] != "0"
    assert export_files.PICTURE.fullmatch(name)


def test_the_studys_own_name():
    assert export.file_name(pd.Timestamp("2024-02-01 01:19:54", tz="UTC"), "20240201", 0) == (
        "20240201011954_20240201_0.jpg"
    )


def test_every_file_has_the_archives_bytes_at_its_time_in_its_condition(tiny_project):
    listed = run().dropna(subset=["file"])
    assert len(listed) == GOOD and files() == {*listed["file"], "frames.csv"}
    sky = SKY_TABLE.read().set_index("frame_id")
    for row in listed.itertuples():
        folder, name = row.file.split("/")
        assert folder == f"{sky.loc[row.frame_id, 'sun_class']}_{sky.loc[row.frame_id, 'moon_class']}"
        time, night, number = name.removesuffix(".jpg").split("_")
        assert datetime.strptime(time, "%Y%m%d%H%M%S").replace(tzinfo=UTC) == sky.loc[row.frame_id, "utc"]
        assert row.frame_id == f"{night}-{int(number):05d}"
        with zipfile.ZipFile(f"data/frames/2024-02/{night}.zip") as night_archive:
            assert (OUT / row.file).read_bytes() == night_archive.read(f"{row.frame_id}.jpg")


def test_the_list_holds_what_the_tables_say(tiny_project):
    predictions = predict(tiny_project).set_index("frame_id")
    listed = run(by="none")
    assert tuple(listed) == export.LIST_COLUMNS
    assert listed["frame_id"].tolist() == FRAMES_TABLE.read("2024-02")["frame_id"].tolist()
    assert listed["simulated"].all() and listed["simulated"].dtype == bool
    listed = listed.set_index("frame_id")
    assert pd.to_datetime(listed["utc"]).tolist() == TIMES_TABLE.read("2024-02")["utc"].tolist()
    known = listed.loc[predictions.index]
    assert known["p_aurora"].tolist() == predictions["p_aurora"].tolist()
    assert known["is_aurora"].astype(str).str.lower().tolist() == [str(x).lower() for x in predictions["is_aurora"]]
    assert known["label"].tolist() == tiny_project["label"].tolist()
    bad = listed[listed["file"].isna()]
    assert bad["status"].tolist() == ["corrupt", "missing"]
    assert bad[["label", "p_aurora", "is_aurora"]].isna().all(axis=None)


def test_folders_by_label_and_by_prediction(tiny_project):
    predict(tiny_project)
    LABELLED_TABLE.write(LABELLED_TABLE.read().query("frame_id != '20240201-00010'"))
    by_label, by_prediction = run(by="label", damaged=True), run(Path("other"), by="prediction", damaged=True)
    for listed, column, without in ((by_label, "label", "unlabelled"), (by_prediction, "is_aurora", "none")):
        some = listed.dropna(subset=["file"])
        folders = some[column].replace({True: "yes", False: "no"}).fillna(without)
        assert some["file"].str.split("/").str[0].tolist() == folders.tolist()
        assert set(folders) == {"yes", "no", without}
    assert by_label["file"].str.startswith("unlabelled").sum() == 2  # the one above, and the corrupt one
    assert by_prediction["file"].str.startswith("none").sum() == 1


def test_folders_by_what_the_heads_tell_and_without_heads_by_labels(tiny_project):
    predicted = predict(tiny_project)
    plain = run(by="none")
    clouds = pd.Series(["clear", "broken", "overcast"] * len(predicted)).head(len(predicted))
    forms = predicted["is_aurora"].map({True: "rays", False: "none"})
    labelled = LABELLED_TABLE.read()
    LABELLED_TABLE.write(labelled.assign(form=labelled["label"].map({"yes": "arc"}).astype(object)))
    by_label = run(by="form")
    assert tuple(by_label) == (*export.LIST_COLUMNS, "form")
    assert set(by_label["file"].dropna().str.split("/").str[0]) == {"arc", "none"}
    PREDICTIONS_TABLE.write(predicted.assign(cloud=clouds, form=forms, strength=2.5))
    listed = run(by="cloud", damaged=True)  # into the earlier export, which it knows by its list
    assert tuple(listed) == (*export.LIST_COLUMNS, "cloud", "form", "strength")
    known = listed.set_index("frame_id").loc[predicted["frame_id"]]
    assert known["cloud"].tolist() == clouds.tolist() and known["form"].tolist() == forms.tolist()
    assert known["file"].str.split("/").str[0].tolist() == clouds.tolist()
    assert listed["file"].dropna().str.startswith("unknown").sum() == 1  # the corrupt one
    assert len(run(by="form", only=("rays",))) == forms.eq("rays").sum()
    assert listed[list(export.LIST_COLUMNS[1:])].equals(plain[list(export.LIST_COLUMNS[1:])])


@pytest.mark.parametrize("by", ["cloud", "form"])
def test_folders_of_what_nothing_is_known_of_are_refused(tiny_project, by):
    predict(tiny_project)
    with pytest.raises(InputError, match="nobody has labelled it"):
        run(by=by)
    assert not OUT.exists()


def test_damaged_pictures_come_when_asked_for_and_missing_ones_never(tiny_project):
    assert run()["file"].notna().sum() == GOOD
    listed = run(Path("all"), damaged=True)
    assert listed["file"].notna().sum() == PICTURES
    assert listed.loc[listed["file"].isna(), "status"].tolist() == ["missing"]


def test_a_frame_of_unknown_time_says_so(tiny_project):
    forget_time("20240203-00040")
    listed = run().set_index("frame_id")
    row = listed.loc["20240203-00040"]
    assert row["file"] == "unknown/unknown_20240203_40.jpg" and (OUT / row["file"]).is_file()
    assert row["time_status"] == "failed" and pd.isna(row["utc"])
    result = CliRunner().invoke(app, ["export", "--out", "other"])
    assert "1 of unknown time" in result.output


def test_choosing_by_folder_condition_and_night(tiny_project):
    predict(tiny_project)
    listed = run(by="prediction", only=("yes",), nights=("20240202", "20240204"), conditions=("Night_No_Moon",))
    sky, predicted = SKY_TABLE.read(), PREDICTIONS_TABLE.read().query("is_aurora")["frame_id"]
    dark = sky.query("sun_class == 'Night' and moon_class == 'No_Moon'")["frame_id"]
    expected = [name for name in sorted({*dark} & {*predicted}) if name[:8] in ("20240202", "20240204")]
    assert listed["frame_id"].tolist() == expected != []
    assert files() == {*listed["file"], "frames.csv"}


def test_a_limit_takes_the_first_the_last_and_evenly_between_in_each_folder(tiny_project):
    listed = run(by="label", limit=5)
    for label, ids in tiny_project.groupby("label")["frame_id"]:
        ids = sorted(ids)  # of time, too
        taken = listed.loc[listed["label"] == label, "frame_id"].tolist()
        gaps = [ids.index(b) - ids.index(a) for a, b in pairwise(taken)]
        assert (len(taken), taken[0], taken[-1]) == (5, ids[0], ids[-1])
        assert max(gaps) - min(gaps) <= 1
    assert len(run(Path("many"), limit=10**6)) == GOOD


def test_a_zip_holds_the_folders_files_and_repeats_byte_by_byte(tiny_project):
    run()
    run(Path("a.zip"))
    first = Path("a.zip").read_bytes()
    for path in Path("data/frames").rglob("*.zip"):
        path.touch()
    run(Path("a.zip"))  # over the earlier one
    assert Path("a.zip").read_bytes() == first
    with zipfile.ZipFile("a.zip") as packed:
        assert packed.namelist() == sorted(files())
        assert packed.testzip() is None
        assert {entry.compress_type for entry in packed.infolist()} == {zipfile.ZIP_STORED}
        for name in packed.namelist():
            assert packed.read(name) == (OUT / name).read_bytes()


def test_another_export_into_the_same_folder_leaves_what_is_chosen_now_and_others_files(tiny_project):
    run()
    (OUT / "notes.txt").write_text("mine")
    (OUT / "Night_No_Moon" / "mine.jpg").write_text("mine")
    listed = run(by="label", only=("yes",))
    assert files() == {*listed["file"], "frames.csv", "notes.txt", "Night_No_Moon/mine.jpg"}
    assert sorted(path.name for path in OUT.iterdir() if path.is_dir()) == ["Night_No_Moon", "yes"]


@pytest.mark.parametrize("second", ["label", "condition"])
def test_an_interrupted_export_tears_no_file_and_the_next_one_ends_it(tiny_project, monkeypatch, second):
    run(by="condition", nights=("20240201",))
    replace, count = os.replace, 0

    def interrupted(source: Path, target: Path) -> None:
        nonlocal count
        count += 1
        if count == 20:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(by="label")
    left = [path for path in OUT.rglob("*.jpg")]
    assert len(left) == 8 + 18
    for path in left:
        _, night, number = path.stem.split("_")
        assert path.read_bytes() == archive.read_member(
            archive.night_path(archive.FRAMES, night), f"{night}-{int(number):05d}.jpg"
        )
    assert not [name for name in files() if name.endswith(".part")]
    listed = run(by=second)
    assert files() == {*listed["file"].dropna(), "frames.csv"}


def test_an_interrupted_zip_leaves_the_earlier_one(tiny_project, monkeypatch):
    run(Path("a.zip"), nights=("20240201",))
    before = Path("a.zip").read_bytes()
    archive.night_path(archive.FRAMES, "20240212").write_bytes(b"PK no zip")
    with pytest.raises(DataError, match="damaged"):
        run(Path("a.zip"))
    assert Path("a.zip").read_bytes() == before
    assert sorted(Path().glob(".*.part")) == []


def test_what_is_not_an_export_is_refused_untouched(tiny_project):
    Path("mine").mkdir()
    Path("mine/frames.csv").write_text("frame,score\n1,2\n")
    Path("mine.zip").write_bytes(b"mine")
    Path("plain").write_text("mine")
    with zipfile.ZipFile("other.zip", "w") as other:
        other.writestr("frames.csv", "frame,score\n")
    for name in ("mine", "mine.zip", "plain", "other.zip", "data"):
        before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
        with pytest.raises(InputError):
            run(Path(name))
        assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_a_file_in_the_way_is_refused_before_anything_is_written(tiny_project):
    listed = run(nights=("20240201",))
    wanted = run(Path("other"))["file"].dropna()
    foreign = OUT / sorted(set(wanted) - set(listed["file"]))[0]
    foreign.write_text("mine")
    before = files()
    with pytest.raises(InputError, match="would be overwritten"):
        run()
    assert files() == before and foreign.read_text() == "mine"


def test_a_forged_list_cannot_make_it_remove_anything_else(tiny_project):
    run(nights=("20240201",))
    Path("20240201000000_20240201_1.jpg").write_text("mine")
    with (OUT / "frames.csv").open("a") as listed:
        for name in ("../20240201000000_20240201_1.jpg", "../params.yaml", str(Path("params.yaml").resolve())):
            listed.write(f"{name},,,,,,,,,,,,\n")
    run(nights=("20240202",))
    assert Path("20240201000000_20240201_1.jpg").exists() and Path("params.yaml").exists()


def test_only_what_the_grouping_needs_must_be_there(tiny_project):
    for table in (SKY_TABLE, LABELLED_TABLE):
        table.path().unlink()
    listed = run(by="none")
    assert listed[[*export.SKY, "label", "p_aurora", "is_aurora"]].isna().all(axis=None)
    assert listed["file"].notna().sum() == GOOD
    for choice, stage in (
        ({"by": "condition"}, "illuminate"),
        ({"by": "label"}, "sample_label"),
        ({"by": "prediction"}, "evaluate"),
        ({"by": "none", "conditions": ("Night_No_Moon",)}, "illuminate"),
    ):
        with pytest.raises(InputError, match=f"dvc repro {stage}"):
            run(Path("other"), **choice)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--by", "colour"], "'colour' is unknown [--by]"),
        (["--by", "label", "--only", "maybe"], "choose from yes, no, unlabelled"),
        (["--by", "none", "--only", "yes"], "[--only]"),
        (["--conditions", "Night"], "'Night' is unknown [--conditions]"),
        (["--nights", "20240201,20250101"], "no such night [--nights 20250101]"),
        (["--limit", "0"], "[--limit]"),
        (["--by", "label", "--only", "unlabelled"], "no picture matches"),
        (["--params", "nowhere.yaml"], "no such params file"),
    ],
)
def test_bad_use_is_one_clear_error_and_writes_nothing(tiny_project, arguments, what):
    result = CliRunner().invoke(app, ["export", "--out", str(OUT), *arguments])
    assert isinstance(result.exception, AuroraError) and what in str(result.exception)
    assert "\n" not in str(result.exception) and "Fix: " in str(result.exception)
    assert not OUT.exists()


def test_a_member_that_is_gone_is_a_clear_error(tiny_project):
    archive.write(archive.night_path(archive.FRAMES, "20240205"), [("20240205-00000.jpg", b"x")])
    with pytest.raises(DataError, match="no member 20240205-00010.jpg"):
        run()


def test_one_line_says_how_many_where_and_that_the_sky_is_simulated(tiny_project):
    result = CliRunner().invoke(app, ["export", "--out", "a.zip"])
    assert result.exit_code == 0, result.exception
    line = result.stdout.strip()
    match = re.fullmatch(
        r"106 pictures \(([\d.]+) MB\), 1 left out as damaged or blank \(see --damaged\), "
        r"1 without a picture, in a\.zip; the sky is simulated",
        line,
    )
    assert match, line
    assert float(match[1]) == pytest.approx(Path("a.zip").stat().st_size / 1e6, abs=0.051)
    frames = FRAMES_TABLE.read("2024-02")
    FRAMES_TABLE.write(frames.assign(video=frames["video"].str.replace("simulated", "auroramax")), "2024-02")
    result = CliRunner().invoke(app, ["export", "--out", "b.zip"])
    assert "simulated" not in result.stdout
    with zipfile.ZipFile("b.zip") as packed:
        assert not pd.read_csv(io.BytesIO(packed.read("frames.csv")))["simulated"].any()


def test_a_choice_without_months_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ConfigError, InputError), match="months"):
        CliRunner().invoke(app, ["export", "--out", "x"], catch_exceptions=False)
