"""The page before the real watch of a night at 60 times its speed, in a real Chromium; and who may read it."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect

import watched
from aurora_gradcam.prediction.classifier import Classifier
from aurora_gradcam.watch import server, state
from aurora_gradcam.watch.arrival import Arrival
from aurora_gradcam.watch.observation import Observer
from aurora_gradcam.watch.watcher import Watcher

TOKEN = "right-token"
NIGHT = "n" * 12 + "y" * 14 + "b" + "n" * 13
"""A picture a minute; one of them is damaged."""
SPEED = 60
SHOTS = os.environ.get("AURORA_SCREENSHOTS", "")
"""A folder into which screenshots go, for people."""
expect.set_options(timeout=120_000)


class Running:
    """A watch with its page, in threads of this process."""

    def __init__(self, folder: Path, classifier: Classifier) -> None:
        self.source, self.stop = watched.Given(), threading.Event()
        params = watched.params(clip=True, name="Yellowknife <sky>")
        self.watcher = Watcher(self.source, Observer(classifier, params), params, folder, [], state.load(folder),
                               lambda: watched.MIDNIGHT)  # fmt: skip
        listening = server.listen(0)
        self.port = listening.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/?token={TOKEN}"
        self.view = server.View(self.watcher)
        self.app = server.build(self.view, TOKEN, self.port)
        self.served = server.Served(self.app, listening, self.view)
        self.thread = threading.Thread(target=self.watcher.run, args=(self.stop,))
        self.thread.start()

    def see(self, labels: str, start: int = 0) -> None:
        for minute, letter in enumerate(labels, start):
            arrival = watched.arrival("yes" if letter == "y" else "no", minute)
            if letter == "b":
                arrival = Arrival(arrival.name, arrival.content[:900], arrival.utc)
            self.source.waiting.append(arrival)

    def play(self, labels: str) -> None:
        """The pictures at `SPEED`."""
        for minute in range(len(labels)):
            self.see(labels[minute], minute)
            self.stop.wait(60 / SPEED)
            watched.until(lambda seen=minute: len(self.watcher.night.rows) > seen, 120)

    def end(self) -> None:
        self.stop.set()
        self.thread.join()
        self.served.stop()


@pytest.fixture
def running(tmp_path) -> Iterator[Running]:
    torch.set_num_threads(1)
    running = Running(tmp_path, watched.quick())
    yield running
    running.end()


def opened(browser: Browser, running: Running, width: int, height: int) -> Page:
    context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=2)
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(running.address)
    return page


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


COLOURS = """(id) => {
  const canvas = document.getElementById(id);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let i = 0; i < data.length; i += 4) colours.add(`${data[i] >> 4},${data[i + 1] >> 4},${data[i + 2] >> 4}`);
  return colours.size;
}"""


SMALLEST_LETTERS = """Math.min(...[...document.querySelectorAll("p, dd, dt, button")]
  .filter((each) => each.offsetHeight).map((each) => parseFloat(getComputedStyle(each).fontSize)))"""


def test_a_night_grows_on_the_page_at_60_times_its_speed(browser, running):
    page = opened(browser, running, 1200, 900)
    expect(page.locator("#verdict")).to_have_text("Waiting for the first picture")
    player = threading.Thread(target=running.play, args=(NIGHT,))
    player.start()
    expect(page.locator("#verdict")).to_have_text("No aurora")
    expect(page.locator("#camera")).to_have_text("Yellowknife <sky>")
    expect(page.locator("#verdict")).to_have_text("Aurora since 07:12 UTC")
    expect(page.locator("#status")).to_have_class("yes")
    assert page.title() == "● Aurora!"
    player.join()
    expect(page.locator("#verdict")).to_have_text("No aurora")
    expect(page.locator("#taken")).to_have_text("last picture 2024-02-01 07:39:00 UTC")
    expect(page.locator("#events li p").first).to_have_text(re.compile("07:12 to 07:3. UTC"))
    assert page.evaluate(COLOURS, "chart") > 5 and page.evaluate(COLOURS, "keogram") > 20
    before = page.evaluate("document.getElementById('picture').src")
    assert "/latest.jpg" in before
    page.get_by_role("button", name="heat map").click()
    expect(page.locator("#picture")).to_have_attribute("src", re.compile("/heat.jpg"))
    watched.until(lambda: (running.watcher.folder / "events" / "20240201071200" / "clip.mp4").exists())
    page.reload()
    expect(page.locator("#events a")).to_have_text("clip")
    clip = page.context.request.get(f"http://127.0.0.1:{running.port}/event/20240201071200/clip.mp4")
    assert clip.ok and clip.body()[4:8] == b"ftyp"
    page.locator("#chart").hover(position={"x": 300, "y": 60})
    expect(page.locator("#reading")).to_have_text(re.compile(r"\d\d:\d\d UTC: P "))
    shoot(page, "wide")
    phone = opened(browser, running, 390, 844)
    expect(phone.locator("#events li")).to_have_count(1)
    watched.until(lambda: phone.evaluate("document.getElementById('picture').naturalWidth") > 0)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390  # nothing is to be scrolled sideways
    smallest = phone.evaluate(SMALLEST_LETTERS)
    assert smallest >= 14
    shoot(phone, "phone")
    assert page.complaints == phone.complaints == []


def test_the_page_says_that_its_connection_is_lost_and_goes_on_when_it_is_back(browser, running):
    running.see("n")
    page = opened(browser, running, 800, 800)
    expect(page.locator("#verdict")).to_have_text("No aurora")
    page.context.set_offline(True)
    running.served.stop()
    expect(page.locator("#banner")).to_have_text(re.compile("connection to the watch is lost"))
    running.served = server.Served(running.app, server.listen(running.port), running.view)
    page.context.set_offline(False)
    running.see("yyy", 1)
    expect(page.locator("#verdict")).to_have_text("Aurora since 07:01 UTC")
    expect(page.locator("#banner")).to_be_hidden()


@pytest.fixture
def stranger(tmp_path) -> Iterator[TestClient]:
    torch.set_num_threads(1)
    params = watched.params()
    (tmp_path / "secret.txt").write_text("nobody's business")
    watcher = Watcher(watched.Given(), Observer(watched.quick(), params), params, tmp_path / "out", [])
    watcher.source.waiting = [watched.arrival("yes", minute) for minute in range(3)]
    watcher.turn()
    app = server.build(server.View(watcher), TOKEN, 80)
    with TestClient(app, base_url="http://127.0.0.1:80", follow_redirects=False) as client:
        yield client


EVERYWHERE = ("/", "/page.js", "/page.css", "/chart.js", "/api/night", "/api/stream", "/latest.jpg", "/heat.jpg",
              "/keogram.png", "/event/20240201070000/best.jpg", "/metrics")  # fmt: skip


def test_without_the_token_nothing_is_told_and_no_other_host_or_page_may_ask(stranger):
    for address in EVERYWHERE:
        for headers in (
            {},
            {"X-Aurora-Token": "wrong"},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Bearer"},
        ):
            assert stranger.get(address, headers=headers).status_code == 403, (address, headers)
        right = {"X-Aurora-Token": TOKEN}
        for headers in ({"Host": "evil.example"}, {"Host": "192.168.1.5:80"}, {"Origin": "http://evil.example"}):
            assert stranger.get(address, headers=right | headers).status_code == 403, (address, headers)


def test_the_token_opens_it_as_cookie_header_or_bearer(stranger):
    entry = stranger.get(f"/?token={TOKEN}")
    assert entry.status_code == 303 and "httponly" in entry.headers["set-cookie"].lower()
    stranger.cookies.clear()
    text = stranger.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert 'aurora_watch_pictures_total{status="ok"} 3' in text
    night = stranger.get("/api/night", headers={"X-Aurora-Token": TOKEN}).json()
    assert [row[1] > 0.5 for row in night["rows"]] == [True] * 3 and night["now"]["aurora"] == "yes"
    assert stranger.get("/latest.jpg", headers={"X-Aurora-Token": TOKEN}).content[:2] == b"\xff\xd8"


@pytest.mark.parametrize("name", ["..", "../..", "%2e%2e", "..%2f..", "%2e%2e%2f%2e%2e%2fsecret.txt", "20240201070001",
                                  "....//", "/etc/passwd", "%00", "20240201070000/../../.."])  # fmt: skip
def test_nothing_but_an_events_own_files_can_be_asked_for(stranger, name):
    stranger.get(f"/?token={TOKEN}")
    for path in (f"/event/{name}/best.jpg", f"/event/{name}", f"/{name}"):
        answer = stranger.get(path, headers={"X-Aurora-Token": TOKEN})
        assert answer.status_code in (404, 405) or b"<title>Aurora tonight" in answer.content, path
        assert "nobody" not in answer.text
    for page in ("/", "/page.js?name=/etc/passwd", "/?path=../secret.txt"):
        assert "nobody" not in stranger.get(page, headers={"X-Aurora-Token": TOKEN}).text


def test_on_the_network_a_number_or_the_own_name_is_a_host_and_a_strangers_name_is_not(stranger):
    view = server.View(Watcher.__new__(Watcher))
    app = server.build(view, TOKEN, 80, is_network=True)
    with TestClient(app, base_url="http://192.168.1.5:80") as client:
        for host, status in (("192.168.1.5:80", 200), ("[fe80::1]:80", 200), ("localhost", 200), ("evil.example", 403)):
            assert client.get("/", headers={"X-Aurora-Token": TOKEN, "Host": host}).status_code == status, host
        assert client.get("/").status_code == 403


def test_the_token_is_kept_in_a_file_for_its_owner_alone_or_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("AURORA_WATCH_TOKEN", raising=False)
    token = server.token_of(tmp_path)
    assert len(token) > 40 and server.token_of(tmp_path) == token
    assert (tmp_path / server.TOKEN_FILE).stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("AURORA_WATCH_TOKEN", "mine")
    assert server.token_of(tmp_path) == "mine"


def test_the_api_is_json_also_where_values_are_unknown(stranger):
    night = stranger.get("/api/night", headers={"X-Aurora-Token": TOKEN})
    json.loads(night.text, parse_constant=lambda name: pytest.fail(name))
    assert timedelta(seconds=night.json()["rows"][1][0] - night.json()["rows"][0][0]) == timedelta(minutes=1)
