"""The page as a reader meets it: opened from a file in a real browser, and its numbers read a second time."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import yaml

import report_fixture
import tiny
from aurora_gradcam import config, stage
from aurora_gradcam.files import write_text
from aurora_gradcam.report import (
    formats,
    headlines,
    inputs,
    metrics,
    page,
    page_pictures,
    page_tables,
    point_estimates,
    provenance,
    report,
)
from aurora_gradcam.results import LEAKAGE
from aurora_gradcam.tables.cams import CAMS_TABLE
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.labels import LABELLED_TABLE
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.tables.sky import SKY_TABLE
from aurora_gradcam.tables.split import SPLIT_TABLE

REPOSITORY = Path(__file__).parents[2]
IDS = (
    "scores",
    "start",
    "conditions",
    "audit",
    "calibration",
    "occurrence",
    "leakage",
    "cameras",
    "maps",
    "randomisation",
)


def made(folder: Path, build) -> Path:
    """A project below `folder` after the whole report stage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("AURORA_WORKERS", "1")
        build()
        with Path("params.yaml").open("a") as file:  # small figures are drawn in less time
            file.write("report: {figure_dpi: 60, keogram_minutes: 5}\n")
        report.run(config.load())
    return folder


def leakage() -> dict:
    """The comparison of both ways to split as `make leakage` would leave it."""
    known = {"value": 0.5, "low": 0.25, "high": 0.75, "frames": 20, "nights": 9}
    gap = {"value": -0.0004, "low": -0.125, "high": 0.0625, "frames": 40, "nights": 12}
    side = {"set": "test", "frames": 20, "nights": 9}
    names = ("accuracy", "auroc")
    scores = {name: {"night": known, "frame": known, "gap": gap} for name in names}
    policies = {"night": side, "frame": side, "scores": scores, "accuracy_gap_by_seed": [-0.0004]}
    across = {name: {"own": known, "other": known, "gap": gap} for name in names}
    camera = {"own": side, "other": side, "scores": across, "accuracy_gap_by_seed": [-0.0004]}
    starts = {name: {"first": camera, "second": camera} for name in ("sky", "none")}
    md5 = hashlib.md5(LABELLED_TABLE.path().read_bytes()).hexdigest()
    return {
        "labelled_md5": md5,
        "seeds": 3,
        "starts": {"sky": policies, "none": policies},
        "cameras": {"first_night_of_second": "20240207", "starts": starts},
    }


def full() -> None:
    """The miniature project with a card, a lock and the comparison of the splits."""
    report_fixture.project()
    shutil.copy(REPOSITORY / "CITATION.cff", ".")
    write_text(stage.warnings_path("extract", "2024-02"), "2024-02: 3 of 9 frames are <bad>\n")
    LEAKAGE.parent.mkdir(exist_ok=True)
    LEAKAGE.write_text(json.dumps(leakage()))
    inputs.MODEL_CARD.parent.mkdir(parents=True)
    card = {"backbone": "efficientnet_b0", "image_size": 64, "temperature": 1.25, "threshold": 0.5}
    best = {"provenance": {"weights": {"name": "none", "sha256": None}, "best_epoch": {"epoch": 3}}}
    inputs.MODEL_CARD.write_text(json.dumps(card | best))
    provenance.LOCK.write_text(yaml.safe_dump(LOCK))


LOCK = {
    "stages": {
        "extract@2024-02": {
            "deps": [
                {"path": "data/raw/2024-02", "md5": "a" * 32 + ".dir", "size": 2048},
                {"path": "src/p/extract.py", "md5": "b" * 32, "size": 3},
            ],
            "outs": [{"path": "data/tables/frames/2024-02.parquet", "md5": "9" * 32, "size": 1}],
        },
        "extract@2020-01": {"deps": [{"path": "data/raw/2020-01", "md5": "6" * 32 + ".dir", "size": 1}]},  # once listed
        "train": {
            "deps": [
                {"path": "data/tables/frames", "md5": "8" * 32 + ".dir", "size": 1},
                {"path": "src/p/a.py", "md5": "c" * 32, "size": 3},
                {"path": "src/p/extract.py", "md5": "b" * 32, "size": 3},
            ],
            "outs": [{"path": provenance.CLASSIFIER, "md5": "d" * 32, "size": 5}],
        },
        "evaluate": {"deps": [{"path": "data/models", "md5": "7" * 32 + ".dir", "size": 5}]},
        "report": {"deps": [{"path": "src/p/report.py", "md5": "e" * 32, "size": 3}]},
    }
}


def least() -> None:
    """Three nights of a real camera's name: no test set, no audit outside training, no truth, nothing explained."""
    split = tiny.build(nights=tiny.NIGHTS[:3])
    report_fixture.build_results(split)
    frames = FRAMES_TABLE.read(tiny.MONTHS[0])
    FRAMES_TABLE.write(frames.assign(video=frames["video"].str.replace("simulated", "camera")), tiny.MONTHS[0])
    sky = SKY_TABLE.read()
    lost = sky["frame_id"].str.startswith(tiny.NIGHTS[0])  # a night whose times could not be read
    sky.loc[lost, [name for name in sky if name != "frame_id"]] = None
    SKY_TABLE.write(sky)
    CAMS_TABLE.write(CAMS_TABLE.read().iloc[:0])


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return made(tmp_path_factory.mktemp("full"), full)


@pytest.fixture(scope="module")
def poor(tmp_path_factory) -> Path:
    return made(tmp_path_factory.mktemp("least"), least)


class Reader(HTMLParser):
    """A second reading: tables by id as rows of texts, ids, and headings in order."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.ids: set[str] = set()
        self.headings: list[int] = []
        self.rows: list[list[str]] | None = None
        self.in_field = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = dict(attrs)
        self.ids |= {given["id"]} if "id" in given else set()
        if tag == "table":
            self.rows = self.tables.setdefault(given["id"], [])
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self.in_field = True
        elif tag == "small":
            self.rows[-1][-1] += "|"
        elif re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.in_field = False

    def handle_data(self, data: str) -> None:
        if self.in_field:
            self.rows[-1][-1] += data.strip()


def written(estimate: dict | None) -> str:
    """An estimate as the page should show it, worked out apart from the page's own code."""
    if estimate is None:
        return "–"
    if estimate["value"] is None:
        return (
            "|no frames"
            if not estimate["frames"]
            else "|too few nights"
            if estimate.get("too_few_nights")
            else "|undefined"
        )
    if estimate["low"] is None:
        nights = estimate["nights"]
        frames = f"{estimate['count']}/{estimate['of']}" if "count" in estimate else f"{estimate['frames']} frames"
        return f"{estimate['value']:.3f}|{frames}, {nights} night{'s' * (nights != 1)}".replace("|1 frames", "|1 frame")
    texts = [str(round(estimate[key], 3) + 0.0) for key in ("value", "low", "high")]
    texts = [text + "0" * (3 - len(text.partition(".")[2])) for text in texts]
    return "{}|{} to {}".format(*texts).replace("-", "−")


def expected(metrics: dict) -> dict[str, list[list[str]]]:
    """The fields that hold estimates, by table, row by row."""
    scores = list(page_tables.SCORES)
    judged = ["sensitivity", "specificity", "precision", "f1", "brier", "ece"]
    maps = [*metrics["explanations"]["maps"].values(), *metrics["explanations"]["baselines"].values()]
    curves = list(metrics["explanations"]["randomisation"].values())
    tables = {
        "scores": [[metrics["scores"][name].get(key) for name in ("train", "val", "test")] for key in scores],
        "conditions": [
            [row[key] for key in ("yes_share", "yes_no_odds", "p_aurora_mean")]
            for row in metrics["conditions"].values()
        ],
        "start": [
            [metrics["scores"]["test"][key], metrics["start"]["scores"][key], of]
            for key, of in (metrics["start"]["gain"] or {}).items()
        ],
        "audit": [[row[key] for key in judged] for row in [*metrics["conditions"].values(), metrics["audit"]]],
        "calibration": [
            [metrics["calibration"][f"{name}_ece_{when}"] for when in ("before", "after")] for name in ("val", "test")
        ],
        "occurrence": [
            [row[key] for key in ("apparent", "rogan_gladen", "prediction_powered")]
            for row in metrics["occurrence"].values()
        ],
        "leakage": [
            [row[key] for key in ("night", "frame", "gap")]
            for of in (metrics["leakage"] or {"starts": {}})["starts"].values()
            for row in of["scores"].values()
        ],
        "cameras": [
            [row[key] for key in ("own", "other", "gap")]
            for of in ((metrics["leakage"] or {}).get("cameras") or {"starts": {}})["starts"].values()
            for tested in of.values()
            for row in tested["scores"].values()
        ],
        "maps": [
            [of.get(key) for of in maps]
            for key in page_tables.MEASURES
            if any(of.get(key, {"frames": 0})["frames"] for of in maps)
        ],
        "randomisation": [list(points) for points in zip(*curves, strict=True)],
    }
    return {name: [[written(of) for of in row] for row in rows] for name, rows in tables.items()}


def check_numbers(folder: Path) -> Reader:
    read = Reader(folder / "reports/index.html")
    readable = json.loads((folder / "thesis/tables/results.json").read_text())  # metrics.json with counts: test_report
    for name, rows in expected(readable).items():
        if name in read.tables:
            above = 2 if name in ("scores", "start") else 1  # heads, and the counts above the scores
            shown = read.tables[name][above:]
            assert [row[len(row) - len(of) :] for row, of in zip(shown, rows, strict=True)] == rows, name
    return read


def test_all_numbers_of_the_result_tables_are_those_of_metrics_json(project):
    read = check_numbers(project)
    assert set(IDS) <= set(read.tables)
    assert [row[0] for row in read.tables["scores"]] == [
        "score", "frames / nights", "accuracy", "balanced accuracy", "sensitivity (recall)", "specificity", "precision",
        "F1", "AUROC", "Brier score", "log loss", "expected calibration error",
    ]  # fmt: skip
    assert read.tables["scores"][0][1:] == ["training", "validation", "test"]
    assert read.tables["conditions"][0][4:] == ["share of yes", "odds yes / no", "mean P(yes)"]
    assert read.tables["audit"][0][3:] == [
        "sensitivity", "specificity", "precision", "F1", "Brier score", "calibration error"
    ]  # fmt: skip
    assert read.tables["occurrence"][0][3:] == ["apparent", "Rogan-Gladen", "prediction-powered"]
    assert read.tables["leakage"][1] == [
        "sky", "accuracy", "0.500|0.250 to 0.750", "0.500|0.250 to 0.750", "0.000|−0.125 to 0.062"
    ]  # fmt: skip
    assert [row[:3] for row in read.tables["cameras"][1:4]] == [
        ["sky", "the first", "accuracy"], ["sky", "the first", "AUROC"], ["sky", "the second", "accuracy"]
    ]  # fmt: skip
    names = {
        ("labelled yes", "classified yes"): "tp",
        ("labelled no", "classified no"): "tn",
        ("labelled no", "classified yes"): "fp",
    }
    metrics = json.loads((project / "reports/metrics.json").read_text())
    score = metrics["scores"]["test"]
    heads, *rows = read.tables["confusion"]
    for row in rows:
        for head, text in zip(heads[1:], row[1:], strict=True):
            assert int(text) == score[names.get((row[0], head), "fn")]
    assert read.tables["months"][1] == ["2024-02", "12", "108", "106", "1", "0", "1"]


def test_a_project_with_as_little_as_possible_says_what_is_missing(poor):
    read = check_numbers(poor)
    assert {"no-start", "no-audit", "no-leakage", "no-card", "no-lock"} <= read.ids
    assert not {"start", "audit", "leakage", "card", "hashes", "simulated"} & read.ids
    text = (poor / "reports/index.html").read_text(encoding="utf-8")
    assert "There is no test set" in text
    assert "too few nights" in text
    empty = text.partition('id="not-explained">')[2].partition("</p>")[0]
    assert empty.count(", ") == 12  # nine conditions, four outcomes
    assert text.count("No frame of this night has a known time") == 1


def test_nothing_measured_is_said_and_fails_nothing(poor, monkeypatch):
    monkeypatch.chdir(poor)
    params = config.load()
    data = inputs.read(params)
    readable = point_estimates.with_point_estimates(metrics.collect(params, data), data)
    readable["explanations"] = {"drawn": None, "maps": {}, "baselines": {}, "randomisation": {}}
    text = page.compose(data, readable, params, Path("nowhere"))
    assert "No map has been measured." in text and "no map was drawn" in text
    assert "No figure has been drawn." in text


def test_warnings_of_the_run_are_listed_or_said_to_be_none(project, poor):
    texts = [(folder / "reports/index.html").read_text(encoding="utf-8") for folder in (project, poor)]
    full, none = (text.partition('id="warnings"')[2].partition("</section>")[0] for text in texts)
    assert "2024-02: 3 of 9 frames are &lt;bad&gt;" in full and "extract" in full
    assert "No stage gave a warning." in none


def test_headlines_show_their_intervals(project):
    text = (project / "reports/index.html").read_text(encoding="utf-8")
    score = json.loads((project / "reports/metrics.json").read_text())["scores"]["test"]
    cards = headlines.headlines(score)
    bars = re.findall(r'<i style="left:([\d.]+)%;width:calc\(([\d.]+)%', text)
    assert bars == [(card.places["low"], card.places["high"]) for card in cards if "low" in card.places]


def test_all_headlines_have_one_scale_that_is_as_fine_as_the_numbers_allow():
    known = {"value": 0.95, "low": 0.9, "high": 1.0, "frames": 9, "nights": 9}
    lower = dict.fromkeys(headlines.HEADLINES, known) | {"auroc": known | {"low": 0.84}}
    fine, coarse = headlines.headlines(dict.fromkeys(headlines.HEADLINES, known)), headlines.headlines(lower)
    assert {card.ticks for card in fine} == {("0.9", "0.95", "1")}
    assert fine[0].places == {"value": "50.0", "low": "0.0", "high": "100.0"}
    assert {card.ticks for card in coarse} == {("0.8", "0.90", "1")}
    assert coarse[3].places["low"] == "20.0"
    unknown = {"value": None, "low": None, "high": None, "frames": 9, "nights": 2}
    few = {name: unknown for name in headlines.HEADLINES}
    assert headlines.headlines(few)[0].places == {}
    beside = headlines.headlines(lower, lower | {"accuracy": known | {"value": 0.7}})
    assert beside[0].ticks[0] == "0.5" and beside[0].places["truth"] == "40.0" and beside[0].truth.text == "0.700"


def test_parameters_that_differ_from_defaults_stand_apart_from_the_study(project):
    read = Reader(project / "reports/index.html")
    study = yaml.safe_load((REPOSITORY / "thesis/study.yaml").read_text())
    assert [row[0] for row in read.tables["study"][1:]] == list(study["params"])
    assert ["train.image_size", "240", "64"] in read.tables["study"]
    assert "the study" not in str(read.tables["params"])


def test_simulated_videos_are_said_to_be_simulated(project):
    assert "simulated" in Reader(project / "reports/index.html").ids


@pytest.mark.parametrize("name", ["project", "poor"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_reads_from_a_file_and_asks_nobody(name, width, request, browser):
    folder = request.getfixturevalue(name)
    address = (folder / "reports/index.html").as_uri()
    view = browser.new_page(viewport={"width": width, "height": 800})
    asked, said = [], []
    view.on("request", lambda one: asked.append(one.url))
    view.on("console", lambda one: said.append(one.text))
    view.on("pageerror", lambda error: said.append(str(error)))
    view.goto(address)
    view.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    view.evaluate("Promise.all([...document.images].map(one => one.decode()))")
    pictures = view.evaluate("[...document.images].map(one => [one.alt, one.naturalWidth, one.src.slice(0, 15)])")
    assert pictures
    assert all(alt and wide > 0 and src == "data:image/webp" for alt, wide, src in pictures), pictures
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [url for url in asked if not url.startswith("data:")] == [address]
    assert said == []
    targets = view.evaluate("[...document.querySelectorAll('nav a')].map(a => document.querySelector(a.hash)?.tagName)")
    assert targets == ["SECTION"] * 8
    view.close()


def test_a_picture_is_enlarged_and_put_away(project, browser):
    view = browser.new_page(viewport={"width": 390, "height": 800})
    view.goto((project / "reports/index.html").as_uri())
    small = view.locator("#nights .zoom img").first
    small.click()
    large = view.locator("dialog[open] img")
    assert large.get_attribute("src") == small.get_attribute("src")
    assert large.bounding_box()["width"] > small.bounding_box()["width"]
    large.click()
    assert view.locator("dialog[open]").count() == 0
    view.close()


@pytest.mark.parametrize("name", ["project", "poor"])
def test_headings_are_in_order(name, request):
    levels = Reader(request.getfixturevalue(name) / "reports/index.html").headings
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_no_place_of_this_machine_is_on_the_page(project):
    text = (project / "reports/index.html").read_text(encoding="utf-8")
    assert str(project) not in text
    assert str(Path.home()) not in text


def test_errors_come_the_most_confident_first_and_none_from_nights_that_trained(project, monkeypatch):
    monkeypatch.chdir(project)
    data = inputs.read(config.load())
    rows = page_pictures.confident_errors(page_pictures.unseen_labelled(data))
    p_yes = PREDICTIONS_TABLE.read().set_index("frame_id")
    label = dict(zip(data.labels["frame_id"], data.labels["label"], strict=True))
    split = SPLIT_TABLE.read()
    met = set(split.loc[split["split"].isin(["train", "val"]), "night"])
    wrong = {
        name: max(p_yes.loc[name, "p_aurora"], 1 - p_yes.loc[name, "p_aurora"])
        for name in label
        if name[:8] not in met and name in p_yes.index and p_yes.loc[name, "is_aurora"] != (label[name] == "yes")
    }
    assert wrong  # the fixture calls about one frame in five wrongly
    assert rows["frame_id"].tolist() == sorted(wrong, key=lambda name: (-wrong[name], name))
    text = (project / "reports/index.html").read_text(encoding="utf-8")
    shown = re.findall(r"<strong>(\d{8}-\d{5})</strong>", text.partition('id="errors"')[2].partition("</section>")[0])
    assert shown == rows["frame_id"].tolist()[: page_pictures.ERRORS]


def test_where_nothing_is_wrong_the_least_certain_are_shown(project, monkeypatch):
    monkeypatch.chdir(project)
    params = config.load()
    data = inputs.read(params)
    label = data.labels.set_index("frame_id")["label"]
    right = data.predictions["frame_id"].map(label).eq("yes")
    p_yes = right.map({True: 0.9, False: 0.2}).astype(float)
    p_yes.iloc[3::9] = right.iloc[3::9].map({True: 0.51, False: 0.48})
    object.__setattr__(data, "predictions", data.predictions.assign(p_aurora=p_yes, is_aurora=right))
    judged = page_pictures.unseen_labelled(data)
    assert page_pictures.confident_errors(judged).empty
    first = page_pictures.least_certain(judged, 0.5)["p_aurora"].tolist()
    assert first == sorted(first, key=lambda p: abs(p - 0.5)) and first[0] in (0.51, 0.48)
    readable = point_estimates.with_point_estimates(metrics.collect(params, data), data)
    assert f"None of the {len(judged)} labelled frames" in page.compose(data, readable, params, Path("reports"))


def test_each_night_stands_once_with_its_share_of_yes(project):
    text = (project / "reports/index.html").read_text(encoding="utf-8")
    nights = text.partition('id="nights"')[2].partition("</section>")[0]
    predictions = pd.read_parquet(project / PREDICTIONS_TABLE.path())
    share = predictions.groupby(predictions["frame_id"].str[:8])["is_aurora"].mean()
    shown = dict(re.findall(r"<strong>([\d-]{10})</strong>.*?(\d+)% yes", nights, flags=re.DOTALL))
    assert shown == {f"{name[:4]}-{name[4:6]}-{name[6:]}": f"{100 * of:.0f}" for name, of in share.items()}


def test_provenance_tells_the_lock_without_the_reports_own_entry(project, monkeypatch):
    monkeypatch.chdir(project)
    found = provenance.lock(config.load())
    assert [entry.path for entry in found.data] == [provenance.CLASSIFIER, "data/raw/2024-02", "data/tables/frames"]
    text = (project / "reports/index.html").read_text(encoding="utf-8")
    assert f"git log -1 --format=%h -S {'d' * 32} -- dvc.lock" in text
    assert "e" * 32 not in text
    read = Reader(project / "reports/index.html")
    assert ["data/raw/2024-02", "a" * 32 + ".dir", "2,048"] in read.tables["hashes"]
    assert ["threshold on P(yes)", "0.5"] in read.tables["card"]
    differing = {row[0]: row[1:] for row in read.tables["params"][1:]}
    assert differing == {
        "months": ["2024-02", "none"], "seed": ["7", "42"], "train.weights": ["none", "imagenet"],
        "train.image_size": ["64", "240"], "train.batch_size": ["8", "16"], "train.frozen_epochs": ["1", "6"],
        "train.finetune_epochs": ["1", "6"], "report.figure_dpi": ["60", "150"],
        "report.keogram_minutes": ["5", "60"],
    }  # fmt: skip


def test_the_command_finds_the_commit_that_holds_a_classifier(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def git(*words: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init")
    for md5 in ("1" * 32, "2" * 32, "3" * 32):
        Path("dvc.lock").write_text(f"md5: {md5}\n")
        git("add", "dvc.lock")
        git("commit", "-m", md5[0])
    git("tag", "middle", "HEAD~1")
    # the last commit that adds or takes away the hash: asked where the page lies, at its commit
    git("checkout", "middle")
    asked = provenance.FIND_COMMIT.format(md5="2" * 32).split()
    assert git(*asked[1:]) == git("rev-parse", "--short", "middle")


def test_the_packages_named_are_those_that_the_project_pins():
    pinned = dict(re.findall(r"^([\w.-]+)==(.+)$", (REPOSITORY / "requirements.txt").read_text(), flags=re.MULTILINE))
    assert set(provenance.PACKAGES) <= set(pinned)
    assert all("+" not in version for _, version in provenance.versions())


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (1, "1.000"), (-0.0004, "0.000"), (-0.25, "−0.250"), (0.0005001, "0.001")]
)
def test_numbers_have_three_places_and_no_negative_zero(value, text):
    assert formats.number(value) == text
