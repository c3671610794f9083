"""Simulated people in a miniature project: through real journals to the stages' labels."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aurora_gradcam import cli, config, labels_file
from aurora_gradcam.errors import InputError
from aurora_gradcam.labelling import journal, simulated
from aurora_gradcam.labelling.journal import Journal
from aurora_gradcam.preprocessing import sample_label
from aurora_gradcam.simulation.annotators import ANNOTATORS
from aurora_gradcam.simulation.nights import truth_path
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.labels import LABELLED_TABLE, LABELS_FILE

LENIENT, STRICT = (annotator.name for annotator in ANNOTATORS)


def frames() -> pd.DataFrame:
    return FRAMES_TABLE.read("2024-02")


@pytest.fixture(autouse=True)
def project(tiny_project) -> pd.DataFrame:
    """The miniature project with truth of every frame, and the simulator's labels; returns the truth."""
    generator = np.random.default_rng(3)
    truths = []
    for night, rows in frames().groupby("night"):
        visibility = np.where(generator.random(len(rows)) < 0.5, 0.0, generator.lognormal(0.5, 1.0, len(rows)))
        truth = pd.DataFrame({"frame_id": rows["frame_id"], "visibility": visibility.round(4)})
        path = truth_path(Path("data"), str(night))
        path.parent.mkdir(parents=True, exist_ok=True)
        truth.to_parquet(path)
        truths.append(truth)
    truth = pd.concat(truths)
    label = np.where(truth["visibility"] >= 1, "yes", "no")
    labels_file.write(
        LABELS_FILE, pd.DataFrame({"frame_id": truth["frame_id"], "label": label, "annotator": "simulator"})
    )
    return truth.set_index("frame_id")


def bytes_of() -> dict[str, bytes]:
    paths = [LABELS_FILE, *journal.FOLDER.glob("simulated-*")]
    return {path.name: path.read_bytes() for path in paths}


def annotate(seed: int = 42) -> dict[str, bytes]:
    simulated.annotate(config.load(), seed)
    return bytes_of()


def forget() -> None:
    for path in journal.FOLDER.glob("simulated-*"):
        path.unlink()
    labels_file.write(LABELS_FILE, labels_file.read(LABELS_FILE).iloc[:0])


def test_every_usable_frame_is_answered_once_by_both_and_the_truth_stays_apart():
    annotate()
    usable = set(frames().query("status == 'ok'")["frame_id"])
    for name in (LENIENT, STRICT):
        lines = journal.path_of(name).read_text().splitlines()[1:]
        assert sorted(line.split(",")[1] for line in lines) == sorted(usable)
        assert {line.split(",")[2] for line in lines} <= {"yes", "no", "unsure"}
    labels = labels_file.read(LABELS_FILE)
    assert set(labels["annotator"]) == {LENIENT, STRICT}


def test_what_people_labelled_stays():
    with LABELS_FILE.open("a") as file:
        file.write("20240201-00000,yes,zoe\n")
    annotate()
    labels = labels_file.read(LABELS_FILE)
    assert list(labels.loc[labels["annotator"] == "zoe", "label"]) == ["yes"]
    assert set(labels["annotator"]) == {"zoe", LENIENT, STRICT}


def test_the_same_seed_gives_the_same_bytes_another_one_others():
    first = annotate()
    assert annotate() == first, "a second run has nothing to do"
    forget()
    assert annotate() == first
    forget()
    assert annotate(seed=7) != first


def test_a_killed_run_goes_on_and_leaves_the_same_bytes(monkeypatch):
    first = annotate()
    forget()
    add, count = Journal.add, 0

    def killed(self: Journal, *given: object) -> None:
        nonlocal count
        count += 1
        if count == 40:
            raise KeyboardInterrupt
        add(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "add", killed)
        with pytest.raises(KeyboardInterrupt):
            simulated.annotate(config.load(), 42)
    with journal.path_of(LENIENT).open("a") as file:
        file.write("2024-02-12T12:")  # a line torn by a power failure
    assert annotate() == first


def test_an_answer_does_not_depend_on_which_other_nights_there_are():
    annotate()
    every = Journal(LENIENT)
    answers, newest = every.answers, every.newest_time
    every.close()
    forget()
    all_frames = frames()
    FRAMES_TABLE.write(all_frames[all_frames["night"] <= "20240206"], "2024-02")
    annotate()
    FRAMES_TABLE.write(all_frames, "2024-02")
    annotate()
    again = Journal(LENIENT)
    assert again.answers == answers
    assert newest is not None and again.newest_time is not None
    again.close()


def test_answers_come_a_few_seconds_apart_after_the_last_night():
    annotate()
    lines = journal.path_of(STRICT).read_text().splitlines()[1:]
    times = [datetime.fromisoformat(line.split(",")[0]) for line in lines]
    assert f"{times[0]:%Y-%m-%d %H}" == "2024-02-12 12"
    steps = np.diff(times)
    assert timedelta(seconds=1) <= steps.min() and steps.max() <= timedelta(seconds=30)


def test_the_stages_take_the_majority_and_two_who_disagree_give_no_label(project):
    annotate()
    params = config.load()
    settings = params.sample_label.model_copy(update={"night_fraction_max": 0.5, "per_night_max": 2})
    sample_label.run(params.model_copy(update={"sample_label": settings}))
    labelled = LABELLED_TABLE.read()
    answers = {}
    for name in (LENIENT, STRICT):
        kept = Journal(name)
        answers[name] = kept.answers
        kept.close()
    for frame_id, label, names in labelled[["frame_id", "label", "annotator"]].itertuples(index=False):
        given = {name: answers[name][frame_id] for name in names.split("+")}
        assert set(given.values()) == {label}
    pool = labelled[labelled["set"] == "train_pool"]
    nights = pool["frame_id"].str[:8].value_counts()
    assert nights.max() <= 2, "simulated people labelled everything, which is no reason to train on everything"


def test_without_truth_one_clear_error_names_the_file():
    path = truth_path(Path("data"), "20240203")
    path.unlink()
    with pytest.raises(InputError, match="truth of the night 20240203") as caught:
        annotate()
    assert str(path) in str(caught.value) and not journal.FOLDER.exists()


def test_real_frames_are_for_people():
    real = frames().assign(video="auroramaxHD_20240201_720p.mp4")
    FRAMES_TABLE.write(real, "2024-02")
    with pytest.raises(InputError, match="no usable frame is simulated"):
        annotate()


def command(monkeypatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["aurora", "simulate", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_the_command_works_on_any_projects_data_folder_and_tells_kappa(monkeypatch, capsys, tmp_path):
    expected = annotate()
    forget()
    monkeypatch.chdir(tmp_path.parent)
    assert command(monkeypatch, "--out", str(tmp_path / "data"), "--annotate") == 0
    assert "Who agrees with whom" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path)
    assert bytes_of() == expected


@pytest.mark.parametrize("words", ["--out data --sample", "--out reports", "--out data --seed -1"])
def test_a_bad_call_is_one_line(words, monkeypatch, capsys):
    assert command(monkeypatch, "--annotate", *words.split()) == 2
    assert capsys.readouterr().err.count("\n") == 1
