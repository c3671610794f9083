"""Cloud and form on the page, in metrics.json, on the keograms and in the thesis: shown where there is material."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter

import report_fixture
import tiny
from aurora_gradcam import config
from aurora_gradcam.drawing import night_plot
from aurora_gradcam.report import inputs, kind_tables, metrics, metrics_shape, page, point_estimates, report, thesis
from aurora_gradcam.tables.kinds import CLOUDS


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with heads and labels for them, after the whole report stage."""
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("AURORA_WORKERS", "1")
        report_fixture.build_results(tiny.build(), kinds=True)
        with Path("params.yaml").open("a") as file:
            file.write("report: {figure_dpi: 60}\n")
        report.run(config.load())
        yield folder


def test_metrics_hold_them_in_their_declared_shape(project):
    tree = json.loads((project / "reports/metrics.json").read_text())
    assert set(tree["kinds"]) == {"heads", "occurrence", "occurrence_when_clear", "conditions"}
    assert TypeAdapter(metrics_shape.Metrics).validate_python(tree, strict=True) == tree
    evaluation = json.loads((project / "reports/metrics/evaluate.json").read_text())
    assert tree["kinds"] == evaluation["kinds"]


def test_the_page_has_its_tables_and_the_thesis_its_section(project):
    text = (project / "reports/index.html").read_text()
    for name in ("kind-cloud", "kind-cloud-confusion", "kind-form", "occurrence-by-cloud", "conditions-by-cloud"):
        assert f'<table id="{name}"' in text
    assert "AUROC, overcast" in text and "clear, by labels" in text
    assert "kinds" in json.loads((project / thesis.RESULTS).read_text())
    assert (project / thesis.PDF).stat().st_size > 10_000


def test_the_keograms_have_a_strip_of_cloud(project):
    data = inputs.read(config.load())
    frames = next(iter(night_plot.by_night(data.predictions, data.sky, data.labels).values()))
    assert [name for _, _, name in night_plot.bars_of(frames)] == ["Cloud", "Sun", "Moon"]
    assert set(frames["cloud"]) <= set(CLOUDS)


def shown(kinds: dict | None) -> str:
    """The page of the project with other results of the further heads."""
    params = config.load()
    data = inputs.read(params)
    readable = point_estimates.with_point_estimates(metrics.collect(params, data), data)
    readable.pop("kinds")
    if kinds:
        readable["kinds"] = kinds
    return page.compose(data, readable, params, Path("reports"))


def test_what_is_not_there_is_not_shown(project):
    kinds = json.loads(Path("reports/metrics.json").read_text())["kinds"]
    assert 'id="kinds"' not in shown(None)
    unlabelled = shown({name: kinds[name] for name in ("occurrence", "conditions")})
    assert "kind-cloud" not in unlabelled and "No held-out frame is labelled" in unlabelled
    assert "occurrence-by-cloud" in unlabelled and "clear, by labels" not in unlabelled
    labels_alone = shown({"occurrence_when_clear": kinds["occurrence_when_clear"]})
    assert "occurrence-by-cloud" not in labels_alone and "people labelled the cloud" in labels_alone


def test_tables_without_material_are_none():
    assert kind_tables.tables({}, {}, "test") == {}
