"""Numbers against the simulator's truth, recounted; and nothing of them under a real sky."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter
from sklearn.metrics import accuracy_score, recall_score

import report_fixture
import tiny
from aurora_gradcam.drawing import style
from aurora_gradcam.inference import conditions, groupings, occurrence
from aurora_gradcam.report import (
    against_truth,
    inputs,
    kind_tables,
    metrics,
    metrics_shape,
    occurrence_charts,
    occurrence_groups,
    page,
    point_estimates,
    truth_kinds,
)
from aurora_gradcam.tables.kinds import CLASSES, probability_names
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE


def write_truth() -> pd.DataFrame:
    """Truth that departs from every seventh label."""
    split = tiny.SPLIT_TABLE.read()
    visible = (split["label"] == "yes").to_numpy(copy=True)
    visible[::7] = ~visible[::7]
    truth = split[["frame_id", "night"]].assign(visible=visible, form="arc", cloud_fraction=0.2)
    for night, rows in truth.groupby("night"):
        path = inputs.TRUTH / f"{night[:4]}-{night[4:6]}" / f"{night}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.drop(columns="night").to_parquet(path)
    return truth.set_index("frame_id")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("project"))
        patch.setenv("AURORA_WORKERS", "1")
        params = report_fixture.project()
        truth = write_truth()
        yield params, truth, inputs.read(params)


def test_scores_and_labels_are_set_beside_the_truth(project):
    params, truth, data = project
    part = against_truth.collect(data, params.site)["truth"]
    judged = data.split.merge(data.predictions, on="frame_id")
    judged["true"] = judged["frame_id"].map(truth["visible"])
    for name in ("train", "val", "test"):
        rows = judged[judged["split"] == name]
        score, labels = part["scores"][name], part["labels"][name]
        same = (rows["label"] == "yes") == rows["true"]
        assert labels["frames"] == score["frames"] == len(rows)
        assert labels["missed"] + labels["invented"] == (~same).sum()
        assert labels["missed"] == (rows["true"] & (rows["label"] == "no")).sum()
        if rows["night"].nunique() >= 5:
            assert score["accuracy"]["value"] == pytest.approx(accuracy_score(rows["true"], rows["is_aurora"]))
            assert score["sensitivity"]["value"] == pytest.approx(recall_score(rows["true"], rows["is_aurora"]))
            assert labels["agreement"]["value"] == pytest.approx(same.mean())


def test_groups_are_those_that_evaluate_estimated_from(project):
    params, _, data = project
    rows = occurrence_groups.grouped(data, params.site)
    table = data.occurrence[data.occurrence["method"] == "apparent"]
    counts = {
        (grouping, str(group)): count
        for grouping in occurrence_groups.GROUPINGS
        for group, count in rows.groupby(grouping).size().items()
    }
    found = dict(zip(occurrence_groups.keys(table), table["frames"], strict=True))
    assert {key: count for key, count in found.items() if key[0] != "all" and count} == counts


def test_the_true_share_of_each_group_is_that_of_its_frames(project):
    params, truth, data = project
    table = against_truth.with_truth(data, params.site)
    rows = occurrence_groups.grouped(data, params.site)
    for condition, of in rows.groupby("condition"):
        drawn = table.loc[(table["grouping"] == "condition") & (table["group"] == condition), "truth"]
        assert drawn.tolist() == pytest.approx([of["frame_id"].map(truth["visible"]).mean()] * 3)
    assert table.loc[table["grouping"] == "all", "truth"].tolist() == pytest.approx(
        [rows["frame_id"].map(truth["visible"]).mean()] * 3
    )


def test_coverage_counts_the_intervals_that_hold_the_truth():
    cells = [("month", "2024-02", 0.2, 0.4, 0.3), ("month", "2024-03", 0.2, 0.4, 0.5), ("utc_hour", "5", 0.2, 0.4, 0.4),
             ("utc_hour", "6", np.nan, np.nan, 0.4), ("all", "all", 0.2, 0.4, 0.3)]  # fmt: skip
    table = pd.DataFrame(cells, columns=["grouping", "group", "low", "high", "truth"]).assign(method="apparent")
    assert against_truth.coverage(table) == {"apparent": {"cells": 3, "held": 2}}


def test_the_truth_is_drawn_at_its_share_in_a_colour_of_its_own(project):
    params, _, data = project
    table = occurrence_groups.with_points(against_truth.with_truth(data, params.site), data, params.site)
    with style.applied():
        figure = occurrence_charts.by_condition(table)
    axes = figure.axes[0]
    lines = [path for of in axes.collections for path in of.get_segments() if len(path) == 2]
    drawn = {round(float(segment[0][0]), 6) for segment in lines if segment[0][0] == segment[1][0]}
    of = table[table["grouping"] == "condition"]
    assert {round(share, 6) for share in of["truth"].dropna()} <= drawn
    assert occurrence_charts.TRUTH[0] in [text.get_text() for text in figure.legends[0].get_texts()]
    assert occurrence_charts.TRUTH[1] not in {colour for _, colour, _ in occurrence_charts.METHODS.values()}


def test_values_without_an_interval_are_those_that_evaluate_would_give(project, monkeypatch):
    params, _, data = project
    known = occurrence_groups.points(data, params.site)
    monkeypatch.setattr(occurrence, "MIN_NIGHTS", 2)  # an interval needs two
    skies = data.sky[["frame_id", "utc", "sun_class", "moon_class"]]
    every = data.predictions.merge(data.frames[["frame_id", "night"]], on="frame_id").merge(skies, on="frame_id")
    kept, _ = conditions.untouched_audit(data.labelled.merge(skies, on="frame_id"), data.split, ("train", "val"))
    table = groupings.occurrence_table(every[~every["night"].isin(data.shaping_nights)], kept, params.site)
    compared = 0
    for key, row in zip(occurrence_groups.keys(table), table.itertuples(), strict=True):
        if row.grouping != "all" and row.frames and not row.too_few_nights:
            assert known[(*key, row.method)] == pytest.approx(row.value, nan_ok=True)
            compared += np.isfinite(row.value)
    assert compared > 10


def test_a_share_of_too_few_nights_stays_visible(project):
    params, _, data = project
    few = data.occurrence.assign(value=np.nan, low=np.nan, high=np.nan, too_few_nights=True)
    table = occurrence_groups.with_points(few, data, params.site)
    of = table[(table["method"] == "apparent") & (table["grouping"] != "all") & (table["frames"] > 0)]
    assert of["value"].notna().all() and of["low"].isna().all()
    undefined = occurrence_groups.with_points(few.assign(too_few_nights=False), data, params.site)
    assert undefined["value"].isna().all()


def test_metrics_and_page_tell_it_and_under_a_real_sky_nothing_of_it(project):
    params, _, data = project
    numbers = metrics.collect(params, data)
    assert TypeAdapter(metrics_shape.Metrics).validate_python(json.loads(json.dumps(numbers)), strict=True) == numbers
    text = page.compose(data, point_estimates.with_point_estimates(numbers, data), params, Path("nowhere"))
    assert 'id="coverage"' in text or not any(of["cells"] for of in numbers["truth"]["coverage"].values())
    kept = inputs.TRUTH.rename("kept")
    try:
        real = inputs.read(params)
        numbers = metrics.collect(params, real)
        assert "truth" not in numbers
        text = page.compose(real, point_estimates.with_point_estimates(numbers, real), params, Path("nowhere"))
        assert 'id="coverage"' not in text and "against truth" not in text
        assert "truth" not in against_truth.with_truth(real, params.site)
    finally:
        shutil.move(kept, inputs.TRUTH)
    assert PREDICTIONS_TABLE.path().exists()


def with_heads(data, seed=4):
    """The inputs with heads, right about cloud in two of three frames at least, and their truth."""
    rng, predictions = np.random.default_rng(seed), data.predictions.copy()
    count = len(predictions)
    for head, classes in CLASSES.items():
        chance = rng.dirichlet(np.ones(len(classes)), count)
        predictions[probability_names(head)] = chance
        predictions[head] = np.array(classes, dtype=object)[chance.argmax(1)]
    predictions["strength"] = np.where(predictions["is_aurora"], 10 ** rng.normal(0.5, 0.3, count), np.nan)
    called = data.truth[["frame_id"]].merge(predictions, on="frame_id", how="left")
    truth = data.truth.assign(
        true_cloud=np.where(np.arange(len(called)) % 3 > 0, called["cloud"], "overcast"),
        true_form=called["form"],
        true_strength=np.where(data.truth["visible"], 3.0, np.nan),
    )
    return replace(data, predictions=predictions, truth=truth)


def test_heads_are_judged_by_the_truth_that_nobody_labelled(project):
    data = with_heads(project[2])
    data = replace(data, split=data.split.assign(split="test"))  # nights enough for numbers
    found = truth_kinds.collect(data)
    rows = data.split.merge(data.predictions, on="frame_id").merge(data.truth, on="frame_id", suffixes=("", "_true"))
    cloud, form, strength = (found[head]["test"] for head in ("cloud", "form", "strength"))
    assert cloud["frames"] == len(rows) and form["accuracy"]["value"] == 1
    assert cloud["accuracy"]["value"] == pytest.approx(accuracy_score(rows["true_cloud"], rows["cloud"]))
    told = rows[rows["visible"] & rows["is_aurora"]]
    assert strength["frames"] == len(told)
    assert strength["within_factor"]["value"] == pytest.approx((told["strength"] / 3).between(0.5, 2).mean())
    assert strength["log_error"]["value"] == pytest.approx(np.log10(told["strength"] / 3).mean())
    assert strength["log_scatter"]["value"] == pytest.approx(np.log10(told["strength"] / 3).std(ddof=0))
    shown = kind_tables.against_truth(found, "test")
    assert [table.name for table in shown] == ["true-cloud", "true-form", "true-strength"]


def test_without_heads_or_truth_nothing_is_judged(project):
    data = project[2]
    assert truth_kinds.collect(data) == {} == truth_kinds.collect(replace(data, truth=None))
    assert kind_tables.against_truth({}, "test") == []
