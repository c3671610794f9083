"""The real `aurora watch` in a process of its own: it tells, stops as systemd asks, goes on, and keeps secrets."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import watched
from aurora_gradcam.cli import main

SECRETS = {"AURORA_WATCH_TOKEN": "s3cret-token", "AURORA_WEBHOOK_URL": "http://127.0.0.1:9/s3cret"}


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return watched.save_model(tmp_path_factory.mktemp("model"))


def test_it_tells_a_program_stops_and_goes_on_with_the_night(model, tmp_path):
    pictures, told = tmp_path / "pictures", tmp_path / "told"
    pictures.mkdir()
    told.mkdir()
    program = tmp_path / "program.py"
    program.write_text(
        "import json, os, pathlib, sys\n"
        f"message = json.load(sys.stdin)\npathlib.Path({str(told)!r}, message['id']).write_text(json.dumps(message))\n"
    )
    settings = ["--model", str(model), "--port", "0", "--set", "watch.clip=false", "--set", "watch.begin=1"]
    settings += ["--set", "watch.end=2", "--set", f"watch.command={json.dumps([sys.executable, str(program)])}"]
    begins, ends = (told / f"20240201070100-{end}" for end in ("begins", "ends"))
    log = tmp_path / "log.txt"

    def log_has(text: str) -> bool:
        return log.exists() and text in log.read_text()

    with watched.running(tmp_path, pictures, *settings, environment=SECRETS) as process:
        watched.until(lambda: log_has("watching pictures"), 300)
        watched.put(pictures, watched.name(watched.at(1)), watched.picture("yes", 1))
        watched.until(begins.exists, 120)
        arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        second = subprocess.run([*watched.COMMAND, str(pictures), "--out", str(tmp_path / "out"), *settings],
                                capture_output=True, text=True)  # fmt: skip
        assert second.returncode == 2 and "another `aurora watch` works in this folder" in second.stderr
    assert process.returncode == 0
    for minute in (2, 3):
        watched.put(pictures, watched.name(watched.at(minute)), watched.picture("no", minute))
    with watched.running(tmp_path, pictures, *settings, environment=SECRETS):
        watched.until(ends.exists, 300)
    assert json.loads(ends.read_text())["event"]["began"] == "2024-02-01T07:01:00Z"
    assert "going on with the night 20240201" in log.read_text()
    assert "webhook: ConnectError; messages wait until it is back" in log.read_text()
    assert b"s3cret" not in arguments and "s3cret" not in log.read_text()
    pending = json.loads((tmp_path / "out/state.json").read_text())["pending"]
    assert [message["kind"] for message in pending["webhook"]] == ["aurora_begins", "aurora_ends"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere/at/all"], "there is no such folder"),
        (["https://"], "there is no server in this address"),
        (["rtsp://me:word@camera/live"], "must not hold user or password"),
        ([".", "--out", "here"], "the results would lie in the folder that is watched"),
        ([".", "--set", "watch.begin=9"], "begin and end must be at most window"),
        ([".", "--set", "watch.webhook=pigeon"], "watch.webhook"),
        ([".", "--circle", "round"], "'round' is no circle"),
    ],
)
def test_a_bad_call_ends_with_one_line_and_status_2(tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["aurora", "watch", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    message = capsys.readouterr().err
    assert ended.value.code == 2 and said in message and "Fix:" in message
    assert "word" not in message.replace("password", "")
