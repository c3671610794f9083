"""The stage on a miniature project, and what the report says of it."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import report_fixture
import tiny
from aurora_gradcam import config
from aurora_gradcam.coupling import couple, occurrence, skill
from aurora_gradcam.coupling.solar_wind import coupling_series
from aurora_gradcam.inference.occurrence import by_group
from aurora_gradcam.report import inputs, metrics, page, point_estimates, thesis
from aurora_gradcam.results import COUPLING, OCCURRENCE_BY_KP, read_json, rounded
from aurora_gradcam.tables.hours import HOURS_TABLE
from aurora_gradcam.tables.indices import SOLAR_WIND, read_kp
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.tables.sky import SKY_TABLE

ROOT = Path(__file__).parents[2]
NIGHTS = tuple(f"{day:%Y%m%d}" for day in pd.date_range("2024-01-15", "2024-02-23"))


def predict(split: pd.DataFrame) -> None:
    """Whole nights called alike: every frame yes where its Kp is above 1."""
    kp, sky = read_kp(), SKY_TABLE.read().set_index("frame_id")
    active = kp.reindex(sky.loc[split["frame_id"], "utc"].dt.floor("3h")).to_numpy() > 1
    p = np.where(active, 0.9, 0.1)
    rows = split[["frame_id"]].assign(logit_no=0.0, logit_yes=0.0, p_aurora=p, is_aurora=active)
    PREDICTIONS_TABLE.write(rows)


@pytest.fixture
def project(tmp_path, monkeypatch) -> config.Params:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "data/indices", "data/indices")
    predict(tiny.build(nights=NIGHTS))
    return config.load()


def test_the_stage_writes_what_dvc_lists_and_the_same_bytes_again(project):
    couple.run(project)
    outs = [Path(name) for name in ("data/tables/hours.parquet", OCCURRENCE_BY_KP, COUPLING)]
    before = [path.read_bytes() for path in outs]
    couple.run(project)
    assert [path.read_bytes() for path in outs] == before
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["couple"]
    assert {*stage["outs"], *stage["metrics"][0]} == {*map(str, outs), "reports/warnings/couple.txt"}


def test_hours_and_occurrence_agree_with_a_second_count(project):
    couple.run(project)
    hours, tree = HOURS_TABLE.read(), read_json(COUPLING)
    assert hours["has_aurora"].tolist() == (hours["kp"] > 1).tolist()  # as they were called
    assert tree["hours"] == {
        "hours": 40, "nights": 40, "hours_with_aurora": int((hours["kp"] > 1).sum()), "seasons": [2023],
        "min_nights": 20, "enough": True,
    }  # fmt: skip
    learnt_from = {night for number, night in enumerate(NIGHTS) if number % 4 != 3}
    unseen = hours[~hours["night"].isin(learnt_from)]
    by_kp = unseen.groupby(unseen["kp"].round())
    for kp, group in by_kp:
        of = tree["occurrence"]["kp"][f"{kp:.0f}"]["apparent"]
        assert of["nights"] == group["night"].nunique() and of["frames"] == group["frames"].sum()
        if of["nights"] >= 5:
            assert of["value"] == pytest.approx(group["aurora_share"].mean(), abs=1e-6)
        else:
            assert of["value"] is None and of["too_few_nights"]
    assert "lags" not in tree and "held_out_season" not in tree["chances"]["nowcast"]
    assert tree["chances"]["nowcast"]["held_out_nights"]["kp_alone"]["auroc"]["value"] > 0.95
    assert hours[["p_nowcast", "p_forecast"]].notna().all().all()


def test_the_solar_wind_joins_in_where_it_is(project):
    utc = pd.date_range("2024-01-14", "2024-02-25", freq="5min", tz="UTC", inclusive="left")
    wind = pd.DataFrame({"utc": utc, "by": 2.0, "bz": np.sin(np.arange(len(utc)) / 50), "speed": 420.0})
    SOLAR_WIND.write(wind, "2024")
    couple.run(project)
    tree = read_json(COUPLING)
    assert "coupling" in tree["chances"]["forecast"]["features"]
    assert [point["lag_hours"] for point in tree["lags"]] == list(skill.LAGS)
    assert coupling_series(wind).min() > 0


def test_few_nights_are_said_to_be_too_few(project, monkeypatch):
    couple.run(config.load(assignments=["couple.min_nights=41"]))
    tree = read_json(COUPLING)
    assert not tree["hours"]["enough"] and "chances" not in tree and "kp_slope" not in tree
    assert HOURS_TABLE.read()["p_nowcast"].isna().all()


def test_frames_newer_than_kp_are_counted_in_a_warning_and_left_out(project, caplog):
    path = Path("data/indices/kp.csv")
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if line < "2024-02-14" or line.startswith("date")) + "\n")
    couple.run(project)
    assert "90 of 358 frames have no Kp" in caplog.text  # 10 nights of 9 frames; one of 360 is corrupt, one missing
    assert read_json(COUPLING)["hours"]["nights"] == 30


def test_no_frame_at_all_gives_empty_tables_and_no_error(project):
    PREDICTIONS_TABLE.write(PREDICTIONS_TABLE.read().iloc[:0])
    couple.run(project)
    tree = read_json(COUPLING)
    assert tree["hours"]["hours"] == 0 and tree["occurrence"] == {"kp": {}, "kp_magnetic_hour": {}}


def test_groups_of_kp_and_magnetic_hour():
    kp, hour = pd.Series([0.33, 1.67, 4.67, 9.0, np.nan]), pd.Series([23.9, 0.0, 3.0, 21.0, 12.0])
    assert occurrence.kp_groups(kp).tolist()[:4] == ["0", "2", "5", "9"]
    both = occurrence.kp_hour_groups(kp, hour)
    assert both.tolist()[:4] == ["0-1 x 21-24", "2 x 00-03", "4-9 x 03-06", "4-9 x 21-24"]
    assert both.isna().tolist() == [False] * 4 + [True]
    assert list(both.cat.categories) == ["0-1 x 21-24", "2 x 00-03", "4-9 x 03-06", "4-9 x 21-24"]


def test_occurrence_by_kp_is_that_of_its_frames_alone():
    generator = np.random.default_rng(3)
    count = 600
    rows = pd.DataFrame({
        "night": generator.integers(0, 30, count).astype(str), "p_aurora": generator.random(count),
        "kp": generator.integers(0, 10, count) / 3, "magnetic_local_time": generator.uniform(0, 24, count),
    })  # fmt: skip
    rows = rows.assign(is_aurora=rows["p_aurora"] > 0.5, label=np.where(rows.index % 7 == 0, "yes", None), weight=7.0)
    rows.loc[rows.index % 14 == 0, "label"] = "no"
    table = occurrence.by_activity(rows)
    quiet = table[(table["grouping"] == "kp") & (table["group"] == "0")].drop(columns="grouping")
    alone = by_group(rows, pd.Series("0", rows.index).where(rows["kp"].round() == 0))
    pd.testing.assert_frame_equal(quiet.reset_index(drop=True), alone, check_dtype=False, check_categorical=False)


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reported")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        params = report_fixture.project()
        yield inputs.read(params), params


def numbers_of(data: inputs.Inputs, params: config.Params) -> dict:
    return point_estimates.with_point_estimates(metrics.collect(params, data), data)


def test_page_and_thesis_say_that_nights_are_too_few(reported):
    data, params = reported
    numbers = numbers_of(data, params)
    text = page.compose(data, numbers, params, Path("nowhere"))
    assert 'id="no-coupling"' in text and 'id="coupling"' not in text
    thesis.write(data, numbers, params, [])
    without = dataclasses.replace(data, coupling=None)
    assert "geomagnetic activity" not in page.compose(without, numbers_of(without, params), params, Path("nowhere"))
    thesis.write(without, numbers_of(without, params), params, [])


@pytest.mark.parametrize("years", [(2022,), (2022, 2023)])
def test_page_and_thesis_show_the_scores(reported, years):
    sys.path.insert(0, str(Path(__file__).parent))
    import seasons

    data, params = reported
    rows = seasons.season(5, nights=40, years=years)
    tree = {"hours": couple.counts(rows, 20), **skill.tree(rows, None, 0)[0]}
    data = dataclasses.replace(data, coupling=rounded(json.loads(json.dumps(rounded(tree)))))
    numbers = numbers_of(data, params)
    text = page.compose(data, numbers, params, Path("nowhere"))
    of = numbers["coupling"]["chances"]["forecast"]["held_out_nights"]["logistic"]["auroc"]
    assert 'id="coupling"' in text and f"{of['value']:.3f}" in text
    assert ("held-out season" in text) == (len(years) == 2)
    thesis.write(data, numbers, params, [])
    assert Path("thesis/thesis.pdf").stat().st_size > 10_000
