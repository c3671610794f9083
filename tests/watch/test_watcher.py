"""The watch in this process: what a night's pictures make of it, and what is left after a restart."""

from __future__ import annotations

import csv
import json
import logging
import re
import threading
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import watched
from aurora_gradcam import config
from aurora_gradcam.errors import InputError
from aurora_gradcam.files import write_text
from aurora_gradcam.prediction import classifier, predict
from aurora_gradcam.prediction.result import Job
from aurora_gradcam.preprocessing.sky import sun_and_moon
from aurora_gradcam.watch import sleep, state
from aurora_gradcam.watch.arrival import Arrival
from aurora_gradcam.watch.observation import Observer, sky_at
from aurora_gradcam.watch.outbox import Message, Undelivered
from aurora_gradcam.watch.watcher import Watcher


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return watched.save_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def loaded() -> classifier.Classifier:
    torch.set_num_threads(1)
    return watched.quick()


class Kept:
    """An output that keeps what it is given, or is dead."""

    name = "kept"

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.told: list[dict] = []
        self.is_dead = False

    def deliver(self, message: Message) -> None:
        if self.is_dead:
            raise Undelivered("dead")
        self.messages.append(message)

    def tell(self, now: dict, picture: bytes) -> None:
        self.told.append(now)

    def close(self) -> None:
        pass


class Camera:
    """A watcher with its source and output."""

    def __init__(self, loaded: classifier.Classifier, folder: Path, params: config.Params | None = None) -> None:
        params = params or watched.params()
        self.source, self.output, self.hour = watched.Given(), Kept(), watched.MIDNIGHT
        observer = Observer(loaded, params)
        restored = state.load(folder)
        self.watcher = Watcher(self.source, observer, params, folder, [self.output], restored, lambda: self.hour)
        self.folder = folder

    def see(self, labels: str, start: float = 0.0) -> None:
        """A picture a minute: y, n, or b for a broken one."""
        for number, letter in enumerate(labels):
            minute = start + number
            arrival = watched.arrival("yes" if letter == "y" else "no", minute)
            if letter == "b":
                arrival = Arrival(arrival.name, arrival.content[: len(arrival.content) // 2], arrival.utc)
            self.source.waiting.append(arrival)
        self.watcher.turn()

    def told(self) -> list[str]:
        return [message["id"] for outbox in self.watcher.outboxes for message in outbox.pending()]

    def rows(self) -> list[dict[str, str]]:
        with (self.folder / "tonight.csv").open(newline="") as file:
            return list(csv.DictReader(file))


def test_a_picture_says_what_aurora_predict_says_of_it(model, tmp_path, monkeypatch):
    torch.set_num_threads(1)
    camera = Camera(classifier.load(model), tmp_path / "out")
    camera.see("nynb")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, letter in enumerate("nynb"):
        arrival = watched.arrival("yes" if letter == "y" else "no", number)
        content = arrival.content[: len(arrival.content) // 2] if letter == "b" else arrival.content
        (pictures / arrival.name).write_bytes(content)
    monkeypatch.setenv("AURORA_WORKERS", "1")
    params = config.Params.model_validate({"gradcam": {"layers": ["features.5"]}})
    expected = predict.run([pictures], Job(tmp_path / "predicted", params, model))
    found = pd.DataFrame(camera.rows())
    assert found["source"].tolist() == expected["source"].tolist()
    assert found["status"].tolist() == expected["status"].tolist() == ["ok", "ok", "ok", "corrupt"]
    assert found["reason"].tolist() == expected["reason"].tolist()
    assert pd.to_datetime(found["utc"]).tolist() == expected["utc"].tolist()
    for name in ("p_aurora", "logit_no", "logit_yes", "sun_altitude", "moon_altitude"):
        assert np.allclose(pd.to_numeric(found[name]), expected[name], rtol=1e-5, atol=1e-5, equal_nan=True), name
    assert found["sun_class"].tolist() == expected["sun_class"].tolist()


def test_a_picture_waits_for_a_heat_map_of_the_same_network(loaded):
    params = watched.params()
    observer, arrival, told = Observer(loaded, params), watched.arrival("yes", 0), []
    sky = sky_at(arrival.utc, params)
    thread = threading.Thread(target=lambda: told.append(observer.observe(arrival, arrival.utc, "read", sky)))
    with observer.lock:
        thread.start()
        thread.join(0.5)
        assert thread.is_alive() and not told
    thread.join(30)
    assert told[0][0].is_aurora


def test_an_event_has_its_beginning_its_end_its_best_picture_and_its_clip(loaded, tmp_path):
    camera = Camera(loaded, tmp_path, watched.params(clip=True))
    camera.see("nnynyyyyynnnnn")
    assert camera.told() == ["20240201070200-begins", "20240201070200-ends"]
    begins, ends = camera.watcher.outboxes[0].pending()
    assert begins["utc"] == "2024-02-01T07:05:00Z" and begins["event"]["began"] == "2024-02-01T07:02:00Z"
    assert ends["utc"] == "2024-02-01T07:12:00Z" and ends["event"]["ended"] == "2024-02-01T07:12:00Z"
    assert ends["event"]["best"] in [watched.name(watched.at(minute)) for minute in range(5, 9)]
    assert [row["aurora"] for row in camera.rows()] == ["no"] * 5 + ["yes"] * 7 + ["no"] * 2
    event = tmp_path / "events" / "20240201070200"
    camera.watcher.studio.close()
    assert {path.name for path in event.iterdir()} == {"best.jpg", "clip.mp4"}
    with Image.open(event / "best.jpg") as best:
        assert best.size == (96, 96)
    with Image.open(tmp_path / "latest.jpg") as latest, Image.open(tmp_path / "tonight.png") as keogram:
        assert latest.size == (96, 96) and keogram.size == (14, 180)
    kept = sorted(path.name for path in (tmp_path / "pictures" / "20240201").iterdir())
    assert kept == [watched.name(watched.at(minute)) for minute in range(14)]


def test_bad_pictures_are_told_and_decide_nothing_and_a_picture_counts_once(loaded, tmp_path):
    camera = Camera(loaded, tmp_path)
    camera.see("ybyby")
    assert camera.told() == ["20240201070000-begins"]
    camera.source.waiting = [watched.arrival("yes", minute) for minute in (0, 2, 4)]
    camera.watcher.turn()
    assert len(camera.rows()) == 5
    assert camera.watcher.state.counts == {"ok": 3, "corrupt": 2, "events": 1, "repeated": 3}


@pytest.mark.parametrize("stop", range(1, 14))
def test_a_restart_at_any_picture_changes_nothing(loaded, tmp_path, stop):
    labels = "nyyynnyynnnnny"
    whole = Camera(loaded, tmp_path / "whole")
    whole.see(labels)
    first = Camera(loaded, tmp_path / "parts")
    first.see(labels[:stop])
    second = Camera(loaded, tmp_path / "parts")  # the first one is killed: nothing of it is closed
    second.see(labels[stop:], stop)
    assert second.told() == whole.told()
    assert second.rows() == whole.rows()
    assert (tmp_path / "parts/tonight.png").read_bytes() == (tmp_path / "whole/tonight.png").read_bytes()
    assert second.watcher.state.tree() == whole.watcher.state.tree()


def test_by_day_it_sleeps_says_so_once_and_an_event_ends_with_the_night(loaded, tmp_path, caplog):
    camera = Camera(loaded, tmp_path)
    dawn = 60 * 8.2
    with caplog.at_level(logging.INFO):
        camera.see("yyyy" + "y" * 40, dawn - 4)
    rows = camera.rows()
    sun = sun_and_moon(pd.DatetimeIndex([row["utc"] for row in rows]), camera.watcher.params.site)["sun_altitude"]
    assert 4 < len(rows) < 44 and (sun <= -6).all()
    assert camera.watcher.state.counts["asleep"] == 44 - len(rows)
    said = [record.getMessage() for record in caplog.records if "asleep" in record.getMessage()]
    assert len(said) == 1
    assert re.fullmatch(r"given: asleep until 2024-02-02 00:30 UTC: the Sun stands at -5\.\d\d°, above -6°", said[0])
    assert camera.told()[-1].endswith("-ends") and camera.watcher.now()["state"] == "asleep"


def test_the_next_dusk_is_the_first_time_that_is_dark_and_there_is_none_in_the_polar_summer():
    params = watched.params()
    dusk = sleep.next_dusk(watched.NOON, params)
    sun = sun_and_moon(pd.DatetimeIndex([dusk - timedelta(minutes=sleep.STEP_MIN), dusk]), params.site)["sun_altitude"]
    assert sun[0] > -6 >= sun[1]
    assert sleep.next_dusk(watched.NOON.replace(month=6), params) is None


def test_a_source_that_must_be_asked_is_not_asked_by_day(loaded, tmp_path):
    camera = Camera(loaded, tmp_path)
    camera.source.is_asked = True
    camera.hour = watched.NOON
    camera.see("yyy")
    assert len(camera.source.waiting) == 3 and camera.watcher.now()["state"] == "asleep"
    camera.hour = watched.MIDNIGHT
    camera.watcher.turn()
    assert not camera.source.waiting and camera.told() == ["20240201070000-begins"]


def test_a_gap_or_a_clock_step_ends_the_event_and_the_next_one_is_another(loaded, tmp_path):
    camera = Camera(loaded, tmp_path)
    camera.see("yyy")
    camera.see("yyy", 60)
    camera.see("yyy", 30.5)  # the camera's clock was set back
    assert camera.told() == [
        *("20240201070000-begins", "20240201070000-ends", "20240201080000-begins", "20240201080000-ends"),
        "20240201073030-begins",
    ]


def test_a_night_ends_at_local_noon_and_its_table_is_put_away(loaded, tmp_path):
    camera = Camera(loaded, tmp_path)
    camera.see("nyn")
    camera.see("nn", 24 * 60)
    assert [path.name for path in sorted((tmp_path / "nights").iterdir())] == ["20240201.csv", "20240201.png"]
    assert len(camera.rows()) == 2 and camera.watcher.state.night == "20240202"
    assert state.night_of(watched.NOON, -114.35) == "20240201"  # local noon is at 19:37 UTC
    assert state.night_of(watched.NOON + timedelta(hours=1), -114.35) == "20240202"


def test_silence_is_told_once_and_so_is_its_end(loaded, tmp_path):
    camera = Camera(loaded, tmp_path, watched.params(max_gap_s=0.2))
    camera.see("n")
    watched.until(lambda: camera.watcher.turn() or camera.told())
    camera.watcher.turn()
    assert [message["text"] for message in camera.watcher.outboxes[0].pending()] == [
        "no usable picture for 0 minutes: no pictures come"
    ]
    camera.see("n", 1)
    assert len(camera.told()) == 2 and camera.told()[1].startswith("trouble-over")


def test_messages_wait_for_a_dead_output_also_across_a_restart_and_arrive_once_and_in_order(loaded, tmp_path):
    first = Camera(loaded, tmp_path)
    first.output.is_dead = True
    for outbox in first.watcher.outboxes:
        outbox._first_wait_s = 0.01
        outbox.start()
    first.see("yyynnnn")
    watched.until(lambda: first.watcher.outboxes[0].failures > 2)
    second = Camera(loaded, tmp_path)
    stop = threading.Event()
    runs = threading.Thread(target=second.watcher.run, args=(stop,))
    runs.start()
    watched.until(lambda: len(second.output.messages) == 2)
    stop.set()
    runs.join()
    assert [message["kind"] for message in second.output.messages] == ["aurora_begins", "aurora_ends"]
    assert state.load(tmp_path).pending == {"kept": []}


def test_where_nothing_can_be_written_all_stays_in_memory_and_is_written_later(loaded, tmp_path, monkeypatch, caplog):
    folder = tmp_path / "out"
    camera = Camera(loaded, folder)
    camera.see("n")
    folder.rename(tmp_path / "away")
    folder.write_text("a file, in the way of every file of the watch")
    monkeypatch.setattr("aurora_gradcam.watch.watcher.SAVE_AGAIN_S", 0.0)
    camera.see("yyynnnn", 1)
    assert len([record for record in caplog.records if "cannot be written" in record.getMessage()]) == 3
    folder.unlink()
    (tmp_path / "away").rename(folder)
    camera.watcher.turn()
    assert [row["aurora"] for row in camera.rows()] == list(
        map({"n": "no", "y": "yes"}.get, ["n", "n", "n", "y", "y", "y", "y", "n"])
    )
    assert len(state.load(folder).pending["kept"]) == 2


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 0}', '{"version": 1, "night": null}'])
def test_a_state_that_cannot_be_read_is_a_clear_error(tmp_path, text):
    write_text(tmp_path / state.STATE, text)
    with pytest.raises(InputError, match=r"no state of `aurora watch` that can be read .*Fix: move it away"):
        state.load(tmp_path)


def test_the_state_is_plain_json(loaded, tmp_path):
    camera = Camera(loaded, tmp_path)
    camera.see("yyy")
    tree = json.loads((tmp_path / state.STATE).read_text())
    assert tree["is_aurora"] and tree["event"]["name"] == "20240201070000"
    assert state.from_tree(tree).tree() == tree
