from __future__ import annotations

import os
import resource

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora_gradcam.errors import ConfigError, DataError, InputError
from aurora_gradcam.labelling import journal
from aurora_gradcam.labelling.journal import ANSWERS, HEADER, Journal

FRAMES = [f"20240201-{number:05d}" for number in range(4)]
STEPS = st.lists(st.one_of(st.just("undo"), st.tuples(st.sampled_from(FRAMES), st.sampled_from(ANSWERS))), max_size=12)
SHARED_FOLDER = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fresh(name: str = "ann") -> Journal:
    journal.path_of(name).unlink(missing_ok=True)
    return Journal(name)


def take(steps, kept: Journal) -> list[tuple[str, str]]:
    """Answer and undo; the same done with a plain list."""
    plain: list[tuple[str, str]] = []
    for step in steps:
        if step == "undo":
            assert kept.undo() == (plain.pop()[0] if plain else None)
        else:
            kept.add(*step)
            plain.append(step)
    return plain


@SHARED_FOLDER
@given(STEPS)
def test_answers_and_undos_are_the_same_after_a_restart(steps):
    kept = fresh()
    plain = take(steps, kept)
    kept.close()
    again = Journal("ann")
    assert again.history == plain
    assert again.answers == dict(plain)
    assert again.newest == (plain[-1][0] if plain else None)
    assert again.recovered is None
    again.close()


@SHARED_FOLDER
@given(STEPS, st.data())
def test_whatever_byte_a_crash_stops_at_only_the_torn_line_is_lost_and_told(steps, data):
    kept = fresh()
    take(steps, kept)
    kept.close()
    content = kept.path.read_bytes()
    stop = data.draw(st.integers(0, len(content)))
    kept.path.write_bytes(content[:stop])
    whole, _, torn = content[:stop].rpartition(b"\n")
    expected = journal.parse(whole + b"\n", kept.path)[0].history if whole else []
    again = Journal("ann")
    assert again.history == expected
    assert (again.recovered is not None) == bool(torn)
    assert torn.decode() in (again.recovered or "")
    again.add(FRAMES[0], "unsure")
    assert journal.read(kept.path)[0].history == [*expected, (FRAMES[0], "unsure")]
    again.close()


def test_the_file_is_one_line_an_answer_in_utc():
    kept = fresh()
    kept.add(FRAMES[0], "yes")
    kept.undo()
    lines = kept.path.read_text().splitlines()
    assert lines[0] == "time,frame_id,answer"
    assert [line.split(",", 1)[1] for line in lines[1:]] == [f"{FRAMES[0]},yes", f"{FRAMES[0]},undo"]
    stamp = lines[1].split(",")[0]
    assert len(stamp) == 20 and stamp[10] == "T" and stamp.endswith("Z")
    kept.close()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2024-02-01T06:00:00Z,20240201-00000", "2 values"),
        ("yesterday,20240201-00000,yes", "yesterday"),
        ("2024-02-01T06:00:00Z,2024,yes", "not a frame_id"),
        ("2024-02-01T06:00:00Z,20240201-00000,maybe", "'maybe'"),
        ("2024-02-01T06:00:00Z,20240201-00001,undo", "not the newest"),
        ("2024-02-01T06:00:00Z,20240201-00000,\xff", "decode"),
    ],
)
def test_a_broken_line_in_the_middle_is_one_error_with_its_place_and_changes_nothing(line, says):
    good = "2024-02-01T06:00:00Z,20240201-00000,yes"
    path = journal.path_of("ann")
    path.parent.mkdir(parents=True)
    content = f"{HEADER}\n{good}\n{line}\n{good}\ntor".encode("latin-1")
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"ann\.csv, line 3") as error:
        Journal("ann")
    assert says in str(error.value)
    assert path.read_bytes() == content


def test_another_header_is_refused():
    path = journal.path_of("ann")
    path.parent.mkdir(parents=True)
    path.write_text("frame_id,label,annotator\n")
    with pytest.raises(InputError, match=r"ann\.csv, line 1"):
        Journal("ann")


def test_one_annotator_writes_at_a_time():
    kept = fresh()
    with pytest.raises(InputError, match="under the name ann"):
        Journal("ann")
    other = Journal("ben")
    kept.close()
    Journal("ann").close()
    other.close()


@pytest.mark.parametrize("name", ["", "../ann", "a/b", ".ann", "a b", "é", "a" * 41, "ann\n", "-ann"])
def test_names_that_are_no_names(name):
    with pytest.raises(ConfigError):
        journal.path_of(name)


def test_on_a_full_disk_the_answer_is_refused_and_the_journal_stays_whole():
    kept = fresh()
    kept.add(FRAMES[0], "yes")
    before = kept.path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))  # 10 bytes of the next line fit
    try:
        with pytest.raises(DataError, match="could not be written"):
            kept.add(FRAMES[1], "no")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert kept.path.read_bytes() == before
    assert kept.answers == {FRAMES[0]: "yes"}
    kept.add(FRAMES[1], "no")
    assert journal.read(kept.path)[0].history == [(FRAMES[0], "yes"), (FRAMES[1], "no")]
    kept.close()


def test_every_line_is_on_the_disk_before_it_counts(monkeypatch):
    synced, fsync = [], os.fsync

    def watched(descriptor: int) -> None:
        fsync(descriptor)
        synced.append((os.readlink(f"/proc/self/fd/{descriptor}"), os.fstat(descriptor).st_size))

    monkeypatch.setattr(os, "fsync", watched)
    kept = fresh()
    places = [os.path.basename(place) for place, _ in synced]
    assert places == ["labels", "ann.csv", "answers"]  # the new folder's, the header, the new file's name
    kept.add(FRAMES[0], "yes")
    assert synced[-1] == (os.path.realpath(kept.path), os.path.getsize(kept.path))
    kept.close()
