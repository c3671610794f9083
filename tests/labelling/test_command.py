"""The real command line in processes of its own: killed, stopped, started twice."""

from __future__ import annotations

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from aurora_gradcam import config, labels_file
from aurora_gradcam.commands.label import frame_ids_of
from aurora_gradcam.errors import ConfigError, InputError
from aurora_gradcam.labelling import journal, session
from aurora_gradcam.labelling.session import Wish
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.labels import LABELLED_TABLE, LABELS_FILE
from aurora_gradcam.web.listening import listen
from label_server import COMMAND, ask_for, serving, start


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=120)


def entered(address: str) -> httpx.Client:
    """A client with the cookie."""
    client = httpx.Client(base_url=address.partition("?")[0])
    assert client.get(address).status_code == 303
    return client


def answer(client: httpx.Client, frame_id: str, said: str) -> dict:
    response = client.post("/api/answers", json={"frame_id": frame_id, "answer": said})
    assert response.status_code == 200, response.text
    return response.json()


def ended(process: subprocess.Popen, by: int) -> tuple[int, str, str]:
    process.send_signal(by)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def labels() -> set[tuple[str, str, str]]:
    known = FRAMES_TABLE.read("2024-02")["frame_id"]
    return set(labels_file.read(LABELS_FILE, known).itertuples(index=False, name=None))


def test_killed_in_the_midst_of_answers_nothing_that_was_taken_is_lost(tiny_project):
    frame_ids = ask_for()
    process, address = start(Path.cwd())
    client = entered(address)
    order = [one["frame_id"] for one in client.get("/api/questions").json()]
    answer(client, frame_ids[0], "unsure")
    assert client.post("/api/undo", json={}).json()["frame_id"] == frame_ids[0]

    def one(number: int) -> tuple[str, str] | None:
        said = ("yes", "no")[number % 2]
        if number == 20:
            process.kill()
        try:
            answer(client, frame_ids[number], said)
        except httpx.TransportError:
            return None
        return frame_ids[number], said

    with ThreadPoolExecutor(4) as pool:
        taken = {pair for pair in pool.map(one, range(40)) if pair}
    process.communicate()
    assert 10 <= len(taken) < 40
    with journal.path_of("ann").open("a") as file:
        file.write("2024-02-01T06:00:00Z,2024")  # and a line torn by a power failure

    process, address = start(Path.cwd())
    client = entered(address)
    state = client.get("/api/state").json()
    asked = client.get("/api/questions").json()
    assert [one["frame_id"] for one in asked] == order
    given = {(one["frame_id"], one["answer"]) for one in asked if one["answer"]}
    assert taken <= given
    assert len(given - taken) <= 4  # taken, but the answer could not be heard any more: one for each client
    assert state["answered"] == len(given)
    assert "2024-02-01T06:00:00Z,2024" in state["recovered"]
    assert labels() == {(*pair, "ann") for pair in given}  # already at the start
    status, out, err = ended(process, signal.SIGTERM)
    assert status == 0 and "torn line" in err and "Traceback" not in err
    assert f"ann: {len(given)} of {len(frame_ids)} frames answered" in out and "dvc repro" in out


def test_when_all_is_answered_stopping_collects_and_tells_the_agreement(tiny_project):
    rows = "".join(f"{one},{label},simulator\n" for one, label in tiny_project[["frame_id", "label"]].to_numpy())
    LABELS_FILE.parent.mkdir(parents=True)
    LABELS_FILE.write_text("frame_id,label,annotator\n" + rows)
    frame_ids = ask_for()[::5]
    ask_for(frame_ids)
    truth = dict(tiny_project[["frame_id", "label"]].to_numpy())
    process, address = start(Path.cwd())
    client = entered(address)
    for frame_id in frame_ids:
        answer(client, frame_id, truth[frame_id])
    status, out, err = ended(process, signal.SIGINT)
    assert status == 0, err
    assert "simulator" in out and "1.00" in out and "100.0%" in out
    assert {row for row in labels() if row[2] == "ann"} == {(one, truth[one], "ann") for one in frame_ids}
    assert len(labels()) == len(truth) + len(frame_ids)


def listening(process: subprocess.Popen, port: int) -> list[str]:
    """Addresses, as /proc writes them, at which this port is listened to."""
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return [row[1].split(":")[0] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")]


def test_it_serves_this_machine_alone_and_each_annotator_once(tiny_project):
    ask_for()
    process, address = start(Path.cwd(), "ann")
    port = int(address.split(":")[2].split("/")[0])
    assert listening(process, port) == ["0100007F"]  # 127.0.0.1, last byte first
    with pytest.raises(ConfigError, match=f"port {port} is not available"):
        listen(port)
    with serving(Path.cwd(), "ben") as other:
        assert entered(other).get("/api/state").json()["annotator"] == "ben"
    refused = run("--annotator", "ann")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
    assert "under the name ann" in refused.stderr and "--annotator" in refused.stderr
    assert entered(address).get("/api/state").status_code == 200
    assert ended(process, signal.SIGINT)[0] == 0


def test_with_nothing_to_label_it_says_so_and_hints_at_again(tiny_project):
    ask_for([])
    told = run("--annotator", "ann")
    assert told.returncode == 0 and told.stdout.count("\n") == 1 and "--again" in told.stdout
    with serving(Path.cwd(), "ann", "--again", "--order", "night") as address:
        asked = [one["frame_id"] for one in entered(address).get("/api/questions").json()]
    assert asked == sorted(LABELLED_TABLE.read()["frame_id"].unique())


def test_labels_without_their_journal_are_not_overwritten(tiny_project):
    frame_ids = ask_for()
    LABELS_FILE.parent.mkdir(parents=True)
    content = f"frame_id,label,annotator\n{frame_ids[0]},yes,ann\n"
    LABELS_FILE.write_text(content)
    with pytest.raises(InputError, match="1 labels of ann.*--annotator"):
        session.start(config.load(), "ann", "random", Wish())
    assert LABELS_FILE.read_text() == content and not journal.FOLDER.exists()


def test_collect_alone_writes_the_labels_and_counts_answers_without_a_frame(tiny_project):
    frame_ids = ask_for()
    for name, said in (("ann", "yes"), ("ben", "no")):
        kept = journal.Journal(name)
        for frame_id in (*frame_ids[:3], "20200101-00000"):
            kept.add(frame_id, said)
        kept.close()
    told = run("--collect")
    assert told.returncode == 0, told.stderr
    assert labels() == {(one, said, name) for name, said in (("ann", "yes"), ("ben", "no")) for one in frame_ids[:3]}
    assert "2 answers" in told.stdout and "0.0%" in told.stdout
    assert "20200101-00000" in journal.path_of("ann").read_text()


def test_bad_use_is_one_line_and_status_2(tiny_project):
    ask_for()
    refused = run("--annotator", "../ann")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and "../ann" in refused.stderr
    assert not journal.FOLDER.exists()


def test_a_label_corrected_in_the_file_survives_collecting_and_the_page_shows_it(tiny_project):
    first, second = ask_for()[:2]
    process, address = start(Path.cwd(), "ann")
    client = entered(address)
    answer(client, first, "yes")
    answer(client, second, "no")
    assert ended(process, signal.SIGINT)[0] == 0
    LABELS_FILE.write_text(LABELS_FILE.read_text().replace(f"{first},yes,ann", f"{first},no,ann"))
    collected = run("--collect")
    assert collected.returncode == 0 and "1 labels edited in data/labels/labels.csv" in collected.stderr
    assert (first, "no", "ann") in labels()
    assert journal.path_of("ann").read_text().splitlines()[-1].endswith(f",{first},no,labels.csv")
    with serving(Path.cwd(), "ann", "--frames", f"{first},{second}", "--order", "night") as address:
        client = entered(address)
        asked = {each["frame_id"]: each["answer"] for each in client.get("/api/questions").json()}
        assert asked == {first: "no", second: "no"}
        answer(client, first, "yes")
    assert {(first, "yes", "ann"), (second, "no", "ann")} == labels()


def test_frames_that_there_are_not_and_nothing_to_review_are_one_line(tiny_project):
    ask_for()
    refused = run("--annotator", "ann", "--frames", "20240203-00010,20300101-00000")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
    assert "there is no frame '20300101-00000' [--frames]" in refused.stderr
    reviewed = run("--annotator", "ann", "--review")
    assert reviewed.returncode == 0 and reviewed.stdout == "Nothing to review: ann has answered no frame.\n"
    assert not journal.path_of("ann").exists()


def test_a_disk_without_locks_is_warned_of_and_keeps_every_answer(tiny_project, tmp_path):
    frame_id = ask_for()[0]
    patch = tmp_path / "patch"
    patch.mkdir()
    refuse = "def flock(*_):\n    raise OSError(errno.ENOLCK, 'No locks available')\n"
    (patch / "sitecustomize.py").write_text(f"import errno, fcntl\n{refuse}fcntl.flock = flock\n")
    paths = os.pathsep.join(filter(None, (str(patch), os.environ.get("PYTHONPATH"))))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", paths)
        process, address = start(Path.cwd(), "ann")
    answer(entered(address), frame_id, "yes")
    status, _, err = ended(process, signal.SIGINT)
    assert status == 0 and "has no file locks" in err and "Traceback" not in err
    assert labels() == {(frame_id, "yes", "ann")}


@pytest.mark.parametrize(
    ("frames", "more"),
    [("A,B,C", []), ("A", ["B", "C"]), ("A,B", ["C"]), (" A , B", [" C "]), ("A,,B,", [",C"]), ("A B C", [])],
)
def test_frames_are_named_with_commas_or_spaces(frames, more):
    assert frame_ids_of(frames, more) == ("A", "B", "C")


def test_frames_after_the_option_are_asked_for_and_without_it_refused(tiny_project):
    first, second, *_ = ask_for()
    process, address = start(Path.cwd(), "ann", "--frames", first, second)
    asked = {each["frame_id"] for each in entered(address).get("/api/questions").json()}
    assert ended(process, signal.SIGINT)[0] == 0
    assert asked == {first, second}
    refused = run("--annotator", "ann", first)
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
    assert "name frames after --frames" in refused.stderr
