"""Outputs against the real other end: mosquitto, an HTTP server, a program; also while that is dead."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import watched
from aurora_gradcam.config import Mqtt
from aurora_gradcam.errors import ConfigError
from aurora_gradcam.watch import metrics, outbox, webhook
from aurora_gradcam.watch.command import Command
from aurora_gradcam.watch.mqtt import Broker
from aurora_gradcam.watch.outbox import Outbox, Output
from aurora_gradcam.watch.secrets import NAMES, environment_without, refuse_in_address, secret
from aurora_gradcam.watch.watch import outputs_of
from aurora_gradcam.watch.webhook import Webhook
from ends import MOSQUITTO, NO_MOSQUITTO, PASSWORDS, Listener, Mosquitto, Server


def message(number: int, kind: str = "aurora_begins") -> outbox.Message:
    event = {"name": f"event{number}", "began": "2024-02-01T07:02:00Z", "ended": "2024-02-01T07:12:00Z", "p_best": 0.98}
    return {"id": f"event{number}-{kind}", "kind": kind, "camera": "Sodankylä <north>", "utc": "2024-02-01T07:05:00Z",
            "p_aurora": 0.97, "cloud": "broken", "strength": 4.2, "event": event, "text": "words"}  # fmt: skip


@contextmanager
def delivering(output: Output) -> Iterator[Outbox]:
    box = Outbox(output, [], lambda: None, first_wait_s=0.05)
    box.start()
    try:
        yield box
    finally:
        box.stop()


@pytest.fixture
def mosquitto(tmp_path) -> Iterator[Mosquitto]:
    if not MOSQUITTO:
        pytest.skip(NO_MOSQUITTO)
    broker = Mosquitto(tmp_path)
    yield broker
    broker.kill()


def test_home_assistant_finds_the_camera_and_follows_its_state(mosquitto):
    listener = Listener(mosquitto.port)
    rule = Mqtt(host="127.0.0.1", port=mosquitto.port, topic="sky/north")
    broker = Broker(rule, "Sodankylä")
    now = {"aurora": "yes", "p_percent": 97.0, "trouble": "no", "cloud": "broken", "strength": 4.2, "state": "watching"}
    now["sun_altitude"] = -20.0
    broker.tell(now, b"\xff\xd8 a picture")
    watched.until(lambda: listener.on("sky/north/state") and len(listener.heard) >= 11)
    entries = {
        each.topic: json.loads(each.payload) for each in listener.heard if each.topic.startswith("homeassistant")
    }
    assert len(entries) == 8 and len({entry["unique_id"] for entry in entries.values()}) == 8
    for topic, entry in entries.items():  # as Home Assistant's documentation of MQTT discovery asks for
        assert re.fullmatch(r"homeassistant/(binary_sensor|sensor|image)/[\w-]+/[\w-]+/config", topic)
        assert entry["availability_topic"] == "sky/north/available" and entry["device"]["identifiers"]
        if "value_template" in entry:
            field = re.fullmatch(r"\{\{ value_json\.(\w+) \}\}", entry["value_template"])[1]
            assert field in now and entry["state_topic"] == "sky/north/state"
    assert listener.on("sky/north/state")[-1] == now and listener.text("sky/north/available") == ["online"]
    later = Listener(mosquitto.port)  # all of it is retained, for a Home Assistant that starts later
    watched.until(lambda: len(later.heard) >= 11)
    assert all(each.retain for each in later.heard)
    broker.close()
    watched.until(lambda: listener.text("sky/north/available")[-1] == "offline")


def test_a_broker_that_dies_gets_all_messages_once_and_in_order_when_it_is_back(mosquitto):
    listener = Listener(mosquitto.port)
    with delivering(Broker(Mqtt(host="127.0.0.1", port=mosquitto.port), "camera")) as box:
        box.add(message(1))
        watched.until(lambda: listener.on("aurora/camera/event") and not box.pending())
        mosquitto.kill()
        for number in range(2, 6):
            box.add(message(number))
        box.output.tell({"aurora": "yes"}, b"")
        watched.until(lambda: box.failures)
        assert len(box.pending()) == 4
        mosquitto.start()
        watched.until(lambda: not box.pending() and len(listener.ids()) == 5)
    assert listener.ids() == [message(number)["id"] for number in range(1, 6)]
    watched.until(lambda: listener.on("aurora/camera/state"))
    assert listener.text("aurora/camera/available")[-1] in ("online", "offline")


def test_a_killed_watch_is_offline_by_its_will(mosquitto, tmp_path):
    listener = Listener(mosquitto.port)
    code = (
        "import time; from aurora_gradcam.config import Mqtt; from aurora_gradcam.watch.mqtt import Broker\n"
        f"Broker(Mqtt(host='127.0.0.1', port={mosquitto.port}), 'camera'); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    watched.until(lambda: listener.text("aurora/camera/available") == ["online"])
    process.kill()
    process.wait()
    watched.until(lambda: listener.text("aurora/camera/available")[-1] == "offline")


def test_user_and_password_come_from_a_file(tmp_path, monkeypatch, caplog):
    if not PASSWORDS:
        pytest.skip(NO_MOSQUITTO)
    broker = Mosquitto(tmp_path, "s3cret")
    monkeypatch.setenv("AURORA_MQTT_USER", "camera")
    wrong = Broker(Mqtt(host="127.0.0.1", port=broker.port), "camera")
    watched.until(lambda: [record for record in caplog.records if "refuses" in record.getMessage()])
    wrong.close()
    (tmp_path / "password").write_text("s3cret\n")
    monkeypatch.setenv("AURORA_MQTT_PASSWORD_FILE", str(tmp_path / "password"))
    listener = Listener(broker.port, "camera", "s3cret")
    with delivering(Broker(Mqtt(host="127.0.0.1", port=broker.port), "camera")) as box:
        box.add(message(1))
        watched.until(lambda: listener.on("aurora/camera/event"))
    broker.kill()
    assert "s3cret" not in caplog.text


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("body", "check"),
    [
        ("json", lambda tree: tree["id"] == "event1-aurora_begins" and tree["event"]["name"] == "event1"),
        ("discord", lambda tree: tree["content"].startswith("Sodankylä <north>: aurora since 07:02 UTC, P 0.97, 4.2 kR")
         and tree["allowed_mentions"] == {"parse": []}),
        ("slack", lambda tree: tree["text"].startswith("Sodankylä &lt;north&gt;: aurora since 07:02 UTC")),
    ],
)  # fmt: skip
def test_json_discord_and_slack_get_their_bodies(server, body, check: Callable[[dict], bool]):
    with delivering(Webhook(server.address, body)) as box:
        box.add(message(1))
        watched.until(lambda: server.posted)
    headers, content = server.posted[0]
    assert headers["Content-Type"] == "application/json" and check(json.loads(content))


def test_ntfy_gets_text_a_title_a_priority_and_the_token(server, monkeypatch):
    monkeypatch.setenv("AURORA_WEBHOOK_TOKEN", "tk_1")
    with delivering(Webhook(server.address, "ntfy")) as box:
        box.add(message(1))
        box.add(message(1, "aurora_ends"))
        watched.until(lambda: len(server.posted) == 2)
    (first, text), (second, _) = server.posted
    assert text.decode() == "Sodankylä <north>: aurora since 07:02 UTC, P 0.97, 4.2 kR, broken"
    assert (first["Title"], first["Priority"], second["Priority"]) == ("Aurora", "high", "default")
    assert first["Authorization"] == "Bearer tk_1"


def test_a_webhook_is_tried_again_until_it_answers_and_a_refusal_is_final(server, caplog):
    server.answers = [(503, {}), (429, {"Retry-After": "0"}), (200, {}), (404, {}), (200, {})]
    with delivering(Webhook(server.address, "json")) as box:
        for number in range(3):
            box.add(message(number))
        watched.until(lambda: not box.pending())
        assert (box.delivered, box.failures, box.dropped) == (2, 3, 1)
    assert [json.loads(content)["id"][:6] for _, content in server.posted] == ["event0", "event2"]
    assert "refuses a message" in caplog.text and "s3cret" not in caplog.text


def test_a_dead_server_gets_all_messages_when_it_is_back(server, caplog):
    server.stop()
    with delivering(Webhook(server.address, "json")) as box:
        box.add(message(1))
        watched.until(lambda: box.failures > 1)
        server.start(server.port)
        watched.until(lambda: server.posted)
    assert len([record for record in caplog.records if "messages wait" in record.getMessage()]) == 1
    assert "s3cret" not in caplog.text


def test_a_program_gets_the_message_and_none_of_the_secrets_and_is_called_again_where_it_fails(tmp_path, monkeypatch):
    for name in NAMES:
        monkeypatch.setenv(name, "s3cret")
    program = tmp_path / "program.py"
    program.write_text(
        "import json, os, pathlib, sys\n"
        f"kept = pathlib.Path({str(tmp_path / 'kept')!r})\n"
        "if not kept.exists(): kept.write_text(''); sys.exit(3)\n"
        "kept.write_text(json.dumps([json.load(sys.stdin), dict(os.environ)]))\n"
    )
    with delivering(Command([sys.executable, str(program)])) as box:
        box.add(message(1))
        watched.until(lambda: not box.pending())
        assert (box.delivered, box.failures) == (1, 1)
    tree, environment = json.loads((tmp_path / "kept").read_text())
    assert tree["id"] == "event1-aurora_begins" and environment["AURORA_KIND"] == "aurora_begins"
    assert environment["AURORA_TEXT"] == tree["text"] and "s3cret" not in environment.values()


def test_a_program_that_is_missing_is_told_and_waited_for(caplog):
    with delivering(Command(["/no/such/program"])) as box:
        box.add(message(1))
        watched.until(lambda: box.failures > 1)
        assert len(box.pending()) == 1
    assert caplog.text.count("it cannot be started: No such file or directory") == 1


def test_a_queue_has_an_end(monkeypatch, caplog):
    monkeypatch.setattr(outbox, "KEPT", 3)
    with delivering(Command(["/no/such/program"])) as box:
        for number in range(5):
            box.add(message(number))
        assert [each["id"][:6] for each in box.pending()] == ["event2", "event3", "event4"] and box.dropped == 2


def test_secrets_come_from_the_environment_or_a_file_and_never_from_addresses(tmp_path, monkeypatch):
    monkeypatch.delenv("AURORA_WEBHOOK_URL", raising=False)
    assert secret("AURORA_WEBHOOK_URL") == "" and outputs_of(watched.params(), "camera") == []
    (tmp_path / "url").write_text("https://example.invalid/x\nmore\n")
    monkeypatch.setenv("AURORA_WEBHOOK_URL_FILE", str(tmp_path / "url"))
    assert secret("AURORA_WEBHOOK_URL") == "https://example.invalid/x"
    assert [output.name for output in outputs_of(watched.params(command=["true"]), "camera")] == ["webhook", "command"]
    assert "AURORA_WEBHOOK_URL_FILE" not in environment_without()
    monkeypatch.setenv("AURORA_WEBHOOK_URL_FILE", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="the secret cannot be read: No such file"):
        secret("AURORA_WEBHOOK_URL")
    monkeypatch.setenv("AURORA_WEBHOOK_URL", "ftp://example.invalid")
    with pytest.raises(ConfigError, match="no http or https address"):
        outputs_of(watched.params(), "camera")
    with pytest.raises(ConfigError, match=r"must not hold user or password.*AURORA_SOURCE_USER"):
        refuse_in_address("rtsp://me:word@camera/live", "SOURCE")


def test_metrics_are_in_the_text_format_of_prometheus():
    now = {
        "aurora": "yes",
        "p_aurora": 0.25,
        "state": "asleep",
        "trouble": "no",
        "sun_altitude": -7.5,
        "strength": None,
    }
    text = metrics.render(now, {"ok": 3, "no_sky": 1, "events": 2}, {"mqtt": dict.fromkeys(
        ("pending", "delivered", "failures", "dropped"), 4)})  # fmt: skip
    line = re.compile(r'(# (HELP|TYPE) [a-z_]+ .+)|([a-z_]+(\{[a-z]+="[a-z_]+"\})? -?[0-9.e+]+)')
    assert text.endswith("\n") and all(line.fullmatch(each) for each in text.splitlines())
    samples = (
        "aurora_watch_aurora 1",
        "aurora_watch_p_aurora 0.25",
        "aurora_watch_events_total 2",
        'aurora_watch_pictures_total{status="no_sky"} 1',
        'aurora_watch_messages_pending{output="mqtt"} 4',
    )
    for sample in samples:
        assert sample in text.splitlines()
    assert "strength" not in text
    assert webhook.TITLES.keys() == {"aurora_begins", "aurora_ends", "trouble", "trouble_over"}
