from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora_gradcam import labels_file
from aurora_gradcam.errors import InputError
from aurora_gradcam.labelling import journal
from aurora_gradcam.labelling.collect import collect
from aurora_gradcam.labelling.journal import ANSWERS, Journal
from aurora_gradcam.tables.labels import LABELS_FILE

A, B, C, GONE = (f"20240201-{number:05d}" for number in range(4))
KNOWN = frozenset({A, B, C})


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    LABELS_FILE.parent.mkdir(parents=True)


def forget(name: str) -> None:
    for path in journal.FOLDER.glob(f"{name}.*"):
        path.unlink()


def answered(name: str, answers: dict[str, str], anew: bool = True) -> None:
    if anew:
        forget(name)
    kept = Journal(name)
    for frame_id, answer in answers.items():
        kept.add(frame_id, answer)
    kept.close()


def test_journals_replace_their_annotators_rows_and_leave_all_others_in_place():
    answered("ann", {A: "no"})
    collect(KNOWN)
    with LABELS_FILE.open("a") as file:
        file.write(f'{B},yes,simulator\n"{A}",yes,"old, one"\n{A} , no , zoe\n')
    answered("ann", {C: "yes", A: "yes", B: "unsure"}, anew=False)
    answered("ben", {A: "no", GONE: "yes"})
    collected = collect(KNOWN)
    assert LABELS_FILE.read_text() == (
        f'frame_id,label,annotator\n{B},yes,simulator\n{A},yes,"old, one"\n{A},no,zoe\n'
        f"{A},yes,ann\n{C},yes,ann\n{A},no,ben\n"
    )
    assert collected.written == {"ann": 2, "ben": 1}
    assert collected.unknown == 1
    assert collected.answers["simulator"] == {B: "yes"} and collected.answers["zoe"] == {A: "no"}
    assert collected.answers["ann"] == {C: "yes", A: "yes", B: "unsure"}
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
    read = labels_file.read(LABELS_FILE, KNOWN)
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
    LABELS_FILE.write_bytes(f"\ufeff{labels_file.HEADER}\r\n{A},yes,zoe\r\n{B},no,zoe".encode())
    answered("ann", {A: "yes"})
    collect(KNOWN)
    rows = set(labels_file.read(LABELS_FILE, KNOWN).itertuples(index=False, name=None))
    assert rows == {(A, "yes", "zoe"), (B, "no", "zoe"), (A, "yes", "ann")}


def lines(name: str = "ann") -> list[str]:
    """The journal's lines without their times."""
    return [line.split(",", 1)[1] for line in journal.path_of(name).read_text().splitlines()[1:]]


def edit(before: str, after: str) -> None:
    text = LABELS_FILE.read_text()
    assert before in text
    LABELS_FILE.write_text(text.replace(before, after))


def test_an_annotators_labels_of_frames_that_the_journal_never_names_stay():
    LABELS_FILE.write_text(f"frame_id,label,annotator\n{C},no,ann\n{A},no,zoe\n")
    kept = Journal("ann")
    kept.add(A, "yes")
    kept.add(B, "no")
    kept.undo()
    kept.close()
    collected = collect(KNOWN)
    assert LABELS_FILE.read_text() == f"frame_id,label,annotator\n{C},no,ann\n{A},no,zoe\n{A},yes,ann\n"
    assert collected.answers["ann"] == {C: "no", A: "yes"}


def test_a_label_edited_in_the_file_is_kept_and_the_journal_records_it():
    answered("ann", {A: "yes", B: "no"})
    collect(KNOWN)
    edit(f"{A},yes,ann", f"{A},no,ann")
    for _ in range(2):
        assert collect(KNOWN).answers["ann"] == {A: "no", B: "no"}
        assert f"{A},no,ann" in LABELS_FILE.read_text()
        assert lines() == [f"{A},yes", f"{B},no", f"{A},no,labels.csv"]
    edit(f"{A},no,ann", f"{A},yes,ann")  # and back again
    collect(KNOWN)
    assert lines()[3:] == [f"{A},yes,labels.csv"]
    assert f"{A},yes,ann" in LABELS_FILE.read_text()


def test_an_answer_in_the_page_after_an_edit_counts():
    answered("ann", {A: "yes"})
    collect(KNOWN)
    edit("yes", "no")
    collect(KNOWN)
    kept = Journal("ann")
    kept.add(A, "yes")
    kept.close()
    collect(KNOWN)
    assert f"{A},yes,ann" in LABELS_FILE.read_text()
    kept = Journal("ann")
    kept.add(A, "unsure")
    kept.close()
    collect(KNOWN)
    assert LABELS_FILE.read_text() == labels_file.HEADER + "\n"


def test_a_label_written_into_the_file_before_the_page_asked_for_it_gives_way():
    answered("ann", {A: "yes"})
    collect(KNOWN)
    with LABELS_FILE.open("a") as file:
        file.write(f"{B},no,ann\n")
    collect(KNOWN)
    kept = Journal("ann")
    kept.add(B, "yes")
    kept.close()
    collect(KNOWN)
    assert f"{B},yes,ann" in LABELS_FILE.read_text()


def test_an_edit_while_its_annotator_labels_is_kept_and_recorded_when_the_journal_is_free():
    answered("ann", {A: "yes"})
    collect(KNOWN)
    edit("yes", "no")
    at_work = Journal("ann")
    collect(KNOWN)
    assert f"{A},no,ann" in LABELS_FILE.read_text() and lines() == [f"{A},yes"]
    at_work.add(B, "yes")
    collect(KNOWN, at_work)
    assert lines() == [f"{A},yes", f"{B},yes", f"{A},no,labels.csv"]
    assert at_work.answers == {A: "no", B: "yes"}
    at_work.close()


def test_a_crash_after_the_labels_were_written_is_no_edit(monkeypatch):
    answered("ann", {A: "yes"})
    collect(KNOWN)
    kept = Journal("ann")
    kept.add(A, "no")
    kept.close()
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "note_collected", lambda *_: False)  # killed before this
        collect(KNOWN)
    assert f"{A},no,ann" in LABELS_FILE.read_text()
    kept = Journal("ann")
    kept.add(A, "yes")
    kept.close()
    collect(KNOWN)
    assert f"{A},yes,ann" in LABELS_FILE.read_text() and "labels.csv" not in str(lines())


def test_rows_removed_from_the_file_come_back_and_a_warning_names_the_way(caplog):
    answered("ann", {A: "yes", B: "no"})
    collect(KNOWN)
    before = LABELS_FILE.read_text()
    edit(f"{B},no,ann\n", "")
    collect(KNOWN)
    assert LABELS_FILE.read_text() == before
    assert f"1 labels were missing from {LABELS_FILE}" in caplog.text and f"--frames {B}" in caplog.text


EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("page"), st.sampled_from([A, B]), st.sampled_from(ANSWERS)),
        st.tuples(st.just("file"), st.sampled_from([A, B]), st.sampled_from(["yes", "no"])),
        st.just(("undo",)),
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EDITS)
def test_whatever_came_last_counts_where_each_change_is_collected(edits):
    forget("ann")
    LABELS_FILE.unlink(missing_ok=True)
    Journal("ann").close()
    collect(KNOWN)
    history: list[tuple[str, str]] = []
    for kind, *change in edits:
        labels = labels_file.read(LABELS_FILE)
        if kind == "file":
            frame_id, label = change
            if frame_id in set(labels["frame_id"]) and dict(history)[frame_id] != label:
                labels.loc[labels["frame_id"] == frame_id, "label"] = label
                labels_file.write(LABELS_FILE, labels)
                history.append((frame_id, label))
        else:
            kept = Journal("ann")
            if kind == "undo":
                kept.undo()
                history = history[:-1]
            else:
                kept.add(*change)
                history.append((change[0], change[1]))
            kept.close()
        collect(KNOWN)
        expected = {frame_id: label for frame_id, label in dict(history).items() if label != "unsure"}
        labels = labels_file.read(LABELS_FILE)
        assert dict(zip(labels["frame_id"], labels["label"], strict=True)) == expected
