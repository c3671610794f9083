"""Cloud and form beside yes and no: in the labels file, in journals, over HTTP, and how far people agree on them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from starlette.testclient import TestClient

from aurora_gradcam import config, labels_file
from aurora_gradcam.errors import InputError
from aurora_gradcam.labelling import journal
from aurora_gradcam.labelling.agreement import agreement, kappa, kappa_of_table
from aurora_gradcam.labelling.collect import collect
from aurora_gradcam.labelling.journal import Journal
from aurora_gradcam.labelling.server import build
from aurora_gradcam.labelling.session import Wish, start
from aurora_gradcam.tables.kinds import CLOUDS, FORMS, KINDS
from aurora_gradcam.tables.labels import LABELS_FILE
from label_server import ask_for

A, B, C = (f"20240201-{number:05d}" for number in range(3))
KNOWN = frozenset({A, B, C})
HEADER = "frame_id,label,annotator\n"
WIDE = "frame_id,label,annotator,cloud,form\n"
SHARED_FOLDER = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    LABELS_FILE.parent.mkdir(parents=True)


def answered(*answers: tuple[str, str], name: str = "ann") -> None:
    """Answers in order; the text `undo` takes back the newest."""
    kept = Journal(name)
    for frame_id, answer in answers:
        if answer == "undo":
            kept.undo()
        else:
            kept.add(frame_id, answer)
    kept.close()


# ---- the file


def test_an_old_file_is_read_and_written_byte_for_byte(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(HEADER + f'{A},yes,"Ada, L."\n{B},no,Bo\n')
    before = path.read_bytes()
    labels = labels_file.read(path, KNOWN)
    assert list(labels) == ["frame_id", "label", "annotator"]
    labels_file.write(path, labels)
    assert path.read_bytes() == before


ROWS = st.dictionaries(
    st.tuples(st.sampled_from([A, B, C]), st.sampled_from(["Ada", "Bo"])),
    st.one_of(
        st.tuples(st.just("yes"), st.sampled_from(["", *CLOUDS]), st.sampled_from(["", *FORMS])),
        st.tuples(st.just("no"), st.sampled_from(["", *CLOUDS]), st.just("")),
    ),
)


@SHARED_FOLDER
@given(ROWS, st.sampled_from([("cloud", "form"), ("form", "cloud")]), st.sampled_from(",;\t"))
def test_kinds_are_read_in_either_order_and_what_is_written_is_read_again(tmp_path, rows, order, delimiter):
    path = tmp_path / "labels.csv"
    expected = {key: dict(zip(("label", "cloud", "form"), row, strict=True)) for key, row in rows.items()}
    lines = [("frame_id", "label", "annotator", *order)]
    lines += [(*(key[0], row["label"], key[1]), *(row[kind] for kind in order)) for key, row in expected.items()]
    path.write_text("".join(delimiter.join(line) + "\n" for line in lines))
    for _ in range(2):
        labels = labels_file.read(path, KNOWN).reindex(columns=["frame_id", "annotator", "label", *KINDS])
        read = labels.where(labels.notna(), "").set_index(["frame_id", "annotator"]).to_dict("index")
        assert read == expected
        labels_file.write(path, labels_file.read(path))


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (f"{A},yes,Ada,cloudy,\n", "the cloud 'cloudy' is unknown"),
        (f"{A},yes,Ada,clear,none\n", "the form 'none' is unknown"),
        (f"{A},no,Ada,,arc\n", "has the form 'arc' and no aurora"),
        (f"{A},yes,Ada,clear,arc,1\n", "6 values"),
        (f"{A},yes,Ada,clear,\n{A},yes,Ada,broken,\n", r"\(cloud\) 'broken' here and 'clear' in line 2"),
    ],
)
def test_a_bad_kind_is_named_by_file_line_and_value(tmp_path, row, what):
    path = tmp_path / "labels.csv"
    path.write_text(WIDE + row)
    with pytest.raises(InputError, match=what) as caught:
        labels_file.read(path, KNOWN)
    assert caught.value.where == f"{path}, line {row.count(chr(10)) + 1}" and caught.value.fix


@pytest.mark.parametrize("behind", ["clouds", "cloud,cloud", "cloud,form,strength"])
def test_a_header_with_other_columns_is_refused(tmp_path, behind):
    path = tmp_path / "labels.csv"
    path.write_text(f"frame_id,label,annotator,{behind}\n")
    with pytest.raises(InputError, match="header is"):
        labels_file.read(path)


def test_the_kind_named_most_often_counts_and_a_form_only_where_aurora_is_agreed(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(
        WIDE
        + f"{A},yes,Ada,clear,arc\n{A},yes,Bo,clear,rays\n{A},yes,Cy,broken,\n"  # the forms tie
        + f"{B},yes,Ada,,corona\n{B},no,Bo,,\n{B},no,Cy,overcast,\n"  # most see no aurora
        + f"{C},yes,Ada,,patchy\n"
    )
    agreed = labels_file.majority(labels_file.read(path, KNOWN)).set_index("frame_id")
    agreed = agreed.astype(object).where(agreed.notna(), None)
    assert agreed["cloud"].tolist() == ["clear", "overcast", None]
    assert agreed["form"].tolist() == [None, None, "patchy"]


# ---- journals and collecting


STEPS = st.lists(
    st.tuples(
        st.sampled_from([A, B]),
        st.sampled_from(["yes", "no", "unsure", "cloud=clear", "cloud=", "form=arc", "form=rays", "undo"]),
    ),
    max_size=14,
)


@SHARED_FOLDER
@given(STEPS)
def test_yes_or_no_and_each_kind_are_kept_apart_and_undo_takes_the_newest_of_all_back(folder, steps):
    for path in journal.FOLDER.glob("ann.*"):
        path.unlink()
    LABELS_FILE.unlink(missing_ok=True)
    history: list[tuple[str, str]] = []
    for frame_id, answer in steps:
        answered((frame_id, answer))
        history = history[:-1] if answer == "undo" else [*history, (frame_id, answer)]
        collect(KNOWN)
        newest: dict[str, dict[str, str]] = {"": {}, "cloud": {}, "form": {}}
        for of, given_answer in history:
            kind, _, value = given_answer.rpartition("=")
            newest[kind][of] = value
        record, _ = journal.read(journal.path_of("ann"))
        assert record.answers == newest[""]
        assert {kind: record.of(kind).answers for kind in KINDS} == {kind: newest[kind] for kind in KINDS}
        labels = labels_file.read(LABELS_FILE).reindex(columns=["frame_id", "label", *KINDS])
        rows = labels.where(labels.notna(), "").set_index("frame_id").to_dict("index")
        assert rows == {
            of: {
                "label": label,
                "cloud": newest["cloud"].get(of, ""),
                "form": newest["form"].get(of, "") if label == "yes" else "",
            }
            for of, label in newest[""].items()
            if label != "unsure"
        }


def test_a_journal_with_an_unknown_kind_is_refused_by_line(folder):
    answered((A, "cloud=broken"))
    path = journal.path_of("ann")
    path.write_text(path.read_text().replace("broken", "patchy"))
    with pytest.raises(InputError, match="cloud=patchy"):
        journal.read(path)


def test_kinds_that_somebody_wrote_into_the_file_stay_and_an_edit_counts_as_the_newest_answer(folder):
    answered((A, "cloud=clear"), (A, "yes"), (B, "no"))
    collect(KNOWN)
    assert LABELS_FILE.read_text() == f"frame_id,label,annotator,cloud\n{A},yes,ann,clear\n{B},no,ann,\n"
    LABELS_FILE.write_text(WIDE + f"{A},yes,ann,broken,arc\n{B},no,ann,overcast,\n")
    for _ in range(2):
        collected = collect(KNOWN)
        assert LABELS_FILE.read_text() == WIDE + f"{A},yes,ann,broken,arc\n{B},no,ann,overcast,\n"
        assert collected.kinds["cloud"]["ann"][A] == "broken"
        lines = journal.path_of("ann").read_text().splitlines()
        assert [line.partition(",")[2] for line in lines[4:]] == [f"{A},cloud=broken,labels.csv"]


def test_a_kind_emptied_in_the_file_comes_back_and_a_warning_names_the_way(folder, caplog):
    answered((A, "form=arc"), (A, "yes"), (B, "form=rays"), (B, "yes"))
    collect(KNOWN)
    before = LABELS_FILE.read_text()
    LABELS_FILE.write_text(before.replace("arc", ""))
    collect(KNOWN)
    assert LABELS_FILE.read_text() == before
    assert f"1 labels were missing from {LABELS_FILE}" in caplog.text and f"--frames {A}" in caplog.text


def test_a_form_goes_with_its_aurora_and_is_no_lost_label(folder, caplog):
    answered((A, "form=arc"), (A, "yes"))
    collect(KNOWN)
    answered((A, "no"))
    for _ in range(2):
        collect(KNOWN)
        assert LABELS_FILE.read_text() == HEADER + f"{A},no,ann\n"
    assert "missing" not in caplog.text


# ---- over HTTP


@pytest.fixture
def session(tiny_project):
    ask_for([frame_id for frame_id in tiny_project["frame_id"] if frame_id.startswith("20240203")])
    opened = start(config.load(), "ann", "random", Wish())
    yield opened
    opened.journal.close()


def test_the_server_keeps_kinds_and_refuses_unknown_and_outdated_ones(session):
    client = TestClient(build(session, "token", 8123), base_url="http://127.0.0.1:8123")
    client.headers["X-Aurora-Token"] = "token"
    frame_id = next(iter(session.questions))

    def name(kind: str, value: str, before: str | None = None, of: str = frame_id) -> int:
        body = {"frame_id": of, "kind": kind, "value": value, "before": before}
        return client.post("/api/kinds", json=body).status_code

    assert name("cloud", "clear") == 200
    assert name("cloud", "broken") == 409  # a second tab that has not seen the first one's
    assert name("cloud", "broken", "clear") == 200
    assert name("form", "arc") == 200
    assert name("form", "", "arc") == 200
    assert name("cloud", "cloudy", "broken") == 422
    assert name("strength", "1") == 422
    assert name("cloud", "clear", of="20990101-00000") == 404
    (question,) = [each for each in client.get("/api/questions").json() if each["frame_id"] == frame_id]
    assert (question["answer"], question["cloud"], question["form"]) == (None, "broken", "")
    assert client.get("/api/state").json()["answered"] == 0
    assert [answer for _, answer in session.journal.history] == ["cloud=clear", "cloud=broken", "form=arc", "form="]


# ---- agreement


def test_kappa_of_two_words_is_that_of_yes_and_no():
    counts = np.random.default_rng(1).integers(0, 30, (50, 4))
    square = counts[:, [0, 2, 3, 1]].reshape(-1, 2, 2)
    assert kappa_of_table(square) == pytest.approx(kappa(counts), nan_ok=True)


def test_each_kind_has_its_pairs_and_scikit_learns_kappa():
    generator = np.random.default_rng(2)
    frames = [f"202402{1 + number % 12:02d}-{number:05d}" for number in range(120)]
    first = generator.choice(CLOUDS, 120)
    second = np.where(generator.random(120) < 0.7, first, generator.choice(CLOUDS, 120))
    clouds = {"ann": dict(zip(frames, first, strict=True)), "ben": dict(zip(frames[:100], second, strict=False))}
    clouds["ann"][frames[0]] = ""  # taken off again
    forms = {"ann": {frames[0]: "arc"}, "ben": {frames[1]: "arc"}}
    measured = agreement({"ann": {}, "ben": {}}, 3, {"cloud": clouds, "form": forms})
    assert list(measured["kinds"]) == ["cloud"] and measured["pairs"] == []
    (pair,) = measured["kinds"]["cloud"]
    assert (pair["first"], pair["second"], pair["frames"]) == ("ann", "ben", 99)
    assert pair["kappa"] == pytest.approx(cohen_kappa_score(first[1:100], second[1:100]))
    assert pair["agreement"] == pytest.approx((first[1:100] == second[1:100]).mean())
    assert pair["low"] < pair["kappa"] < pair["high"]
    assert agreement({"ann": {}, "ben": {}}, 3)["kinds"] == {}


def test_few_nights_give_no_kappa():
    words = {"ann": {A: "clear", B: "broken"}, "ben": {A: "clear", B: "clear"}}
    (pair,) = agreement({}, 1, {"cloud": words})["kinds"]["cloud"]
    assert (pair["agreement"], pair["kappa"], pair["low"]) == (0.5, None, None)


def test_a_table_without_kinds_has_no_columns_for_them():
    rows = pd.DataFrame({"frame_id": [A], "label": ["no"], "annotator": ["ann"], "cloud": [""], "form": [None]})
    assert list(labels_file.without_empty_kinds(rows)) == ["frame_id", "label", "annotator"]
