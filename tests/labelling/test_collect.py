from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora_gradcam.errors import InputError
from aurora_gradcam.labelling import journal
from aurora_gradcam.labelling.collect import collect
from aurora_gradcam.labelling.journal import ANSWERS, Journal
from aurora_gradcam.preprocessing.labels import HEADER, read_labels
from aurora_gradcam.tables.labels import LABELS_FILE

A, B, C, GONE = (f"20240201-{number:05d}" for number in range(4))
KNOWN = frozenset({A, B, C})


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    LABELS_FILE.parent.mkdir(parents=True)


def answered(name: str, answers: dict[str, str]) -> None:
    journal.path_of(name).unlink(missing_ok=True)
    kept = Journal(name)
    for frame_id, answer in answers.items():
        kept.add(frame_id, answer)
    kept.close()


def test_journals_replace_their_annotators_rows_and_leave_all_others_in_place():
    LABELS_FILE.write_text(
        f'frame_id,label,annotator\n{B},yes,simulator\n{A},no,ann\n"{A}",yes,"old, one"\n{A} , no , zoe\n'
    )
    answered("ann", {C: "yes", A: "yes", B: "unsure"})
    answered("ben", {A: "no", GONE: "yes"})
    found = collect(KNOWN)
    assert LABELS_FILE.read_text() == (
        f'frame_id,label,annotator\n{B},yes,simulator\n"{A}",yes,"old, one"\n{A} , no , zoe\n'
        f"{A},yes,ann\n{C},yes,ann\n{A},no,ben\n"
    )
    assert found.written == {"ann": 2, "ben": 1}
    assert found.gone == 1
    assert found.answers["simulator"] == {B: "yes"} and found.answers["zoe"] == {A: "no"}
    assert found.answers["ann"] == {C: "yes", A: "yes", B: "unsure"}
    assert f"{GONE},yes" in journal.path_of("ben").read_text()


def test_collecting_again_changes_nothing_and_does_not_touch_the_file():
    answered("ann", {A: "yes"})
    collect(KNOWN)
    before = LABELS_FILE.read_text(), LABELS_FILE.stat().st_mtime_ns, LABELS_FILE.stat().st_ino
    collect(KNOWN)
    assert before == (
        LABELS_FILE.read_text(),
        LABELS_FILE.stat().st_mtime_ns,
        LABELS_FILE.stat().st_ino,
    )


def test_a_journal_that_took_everything_back_leaves_no_rows():
    answered("ann", {A: "yes"})
    collect(KNOWN)
    kept = Journal("ann")
    kept.undo()
    kept.close()
    collect(KNOWN)
    assert LABELS_FILE.read_text() == "frame_id,label,annotator\n"


LABELS_OF_FRAMES = st.dictionaries(st.sampled_from([A, B, C]), st.sampled_from(ANSWERS))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LABELS_OF_FRAMES, LABELS_OF_FRAMES, st.dictionaries(st.sampled_from([A, B, C]), st.sampled_from(["yes", "no"])))
def test_the_stages_read_what_was_answered(ann, ben, simulator):
    rows = "".join(f"{frame_id},{label},simulator\n" for frame_id, label in simulator.items())
    LABELS_FILE.write_text("frame_id,label,annotator\n" + rows)
    answered("ann", ann)
    answered("ben", ben)
    collect(KNOWN)
    given_labels = {"ann": ann, "ben": ben, "simulator": simulator}
    expected = {
        (frame_id, label, name)
        for name, of_one in given_labels.items()
        for frame_id, label in of_one.items()
        if label != "unsure"
    }
    read = read_labels(LABELS_FILE, KNOWN)
    assert set(read.itertuples(index=False, name=None)) == expected
    assert len(read) == len(expected)


def test_a_torn_line_of_somebody_still_writing_is_passed_over_and_left():
    answered("ann", {A: "yes"})
    path = journal.path_of("ann")
    with path.open("a") as file:
        file.write(f"2024-02-01T06:00:00Z,{B},y")
    before = path.read_bytes()
    assert collect(KNOWN).written == {"ann": 1}
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["frame_id,answer\n", "", "\xff\n"])
def test_a_file_that_is_no_labels_file_is_left_as_it_is(content):
    LABELS_FILE.write_bytes(content.encode("latin-1"))
    answered("ann", {A: "yes"})
    with pytest.raises(InputError, match=r"labels\.csv"):
        collect(KNOWN)
    assert LABELS_FILE.read_bytes() == content.encode("latin-1")


def test_a_stray_file_among_the_journals_is_named():
    answered("ann", {A: "yes"})
    (journal.FOLDER / "ann (copy).csv").write_text("")
    with pytest.raises(InputError, match=r"ann \(copy\)\.csv"):
        collect(KNOWN)


def test_a_last_row_without_a_line_end_and_windows_line_ends_are_kept():
    LABELS_FILE.write_bytes(f"\ufeff{HEADER}\r\n{A},yes,zoe\r\n{B},no,zoe".encode())
    answered("ann", {A: "yes"})
    collect(KNOWN)
    rows = set(read_labels(LABELS_FILE, KNOWN).itertuples(index=False, name=None))
    assert rows == {(A, "yes", "zoe"), (B, "no", "zoe"), (A, "yes", "ann")}


def test_an_annotators_labels_of_frames_that_the_journal_never_names_stay():
    LABELS_FILE.write_text(f"frame_id,label,annotator\n{C},no,ann\n{A},no,ann\n")
    kept = Journal("ann")
    kept.add(A, "yes")
    kept.add(B, "no")
    kept.undo()
    kept.close()
    found = collect(KNOWN)
    assert LABELS_FILE.read_text() == f"frame_id,label,annotator\n{C},no,ann\n{A},yes,ann\n"
    assert found.answers["ann"] == {C: "no", A: "yes"}
