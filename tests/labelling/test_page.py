"""The labelling page in a real Chromium, before the real `aurora label`: what is pressed is what the journal holds."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sklearn.metrics import cohen_kappa_score

import label_server
import tiny

FRAMES = 30
ANSWER_OF = {"y": "yes", "n": "no", "u": "unsure"}
expect.set_options(timeout=15_000)


class Served(NamedTuple):
    """A project, and the address at which ann labels it."""

    folder: Path
    address: str


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    """A miniature project that asks for 30 frames, the first, fourth and seventh of each night, and ann's server."""
    folder = tmp_path_factory.mktemp("project")
    with chdir(folder):
        frame_ids = sorted(tiny.build()["frame_id"])
        label_server.ask_for([frame_id for frame_id in frame_ids if int(frame_id[-5:]) % 30 == 0][:FRAMES])
    with label_server.serving(folder) as address:
        yield Served(folder, address)


@contextmanager
def opened(browser: Browser, address: str, *, tolerated: str = "^$") -> Iterator[Page]:
    """The page with nothing answered, before its start card. Complaints of the browser are failures."""
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    site = context.request.get(address).url  # from here on the cookie opens it
    while context.request.get(f"{site}api/state").json()["can_undo"]:
        context.request.post(f"{site}api/undo", data={})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(site)
    expect(page.locator("#card")).to_be_visible()
    yield page
    context.close()
    assert [complaint for complaint in complaints if not re.search(tolerated, complaint)] == []


@contextmanager
def started(browser: Browser, address: str, **options: str) -> Iterator[Page]:
    """The page with its card put away."""
    with opened(browser, address, **options) as page:
        page.keyboard.press("Enter")
        expect_place(page, 1, 0)
        yield page


def expect_place(page: Page, shown: int, answered: int) -> None:
    """Wait until this frame, counted from 1, is shown with its picture."""
    expect(page.locator("#place")).to_have_text(f"frame {shown} of {FRAMES}, {answered} answered")
    expect_picture(page)


def expect_picture(page: Page) -> None:
    """Wait until the picture is loaded; asked for from here, since the page's policy allows no script to wait in it."""
    expect(page.locator("#picture img")).not_to_have_js_property("naturalWidth", 0)


def press(page: Page, keys: str) -> None:
    """Press one answer after the other from the first unanswered frame on, each when the one before is confirmed."""
    answered = int(re.search(r"(\d+) answered", page.inner_text("#place"))[1])
    for count, key in enumerate(keys, start=answered + 1):
        expect_picture(page)
        page.keyboard.press(key)
        if count < FRAMES:
            expect_place(page, count + 1, count)
        else:
            expect(page.locator("#end")).to_be_visible()


def order_of(page: Page) -> list[str]:
    """The frame_ids in the order in which they are asked."""
    return [question["frame_id"] for question in page.evaluate("fetch('/api/questions').then((a) => a.json())")]


def journal(folder: Path, annotator: str = "ann") -> list[tuple[str, str]]:
    """(frame_id, answer) of every line."""
    with (folder / f"data/labels/answers/{annotator}.csv").open(newline="") as file:
        return [(row["frame_id"], row["answer"]) for row in csv.DictReader(file)]


def labels(folder: Path, annotator: str) -> dict[str, str]:
    """What the labels file holds of an annotator."""
    with (folder / "data/labels/labels.csv").open(newline="") as file:
        return {row["frame_id"]: row["label"] for row in csv.DictReader(file) if row["annotator"] == annotator}


def brightness(page: Page) -> float:
    """Mean level of the picture as it is painted."""
    painted = Image.open(io.BytesIO(page.locator("#picture").screenshot())).convert("L")
    return float(np.asarray(painted, dtype=float).mean())


def test_thirty_frames_by_keyboard_alone(browser, served):
    keys = "ynu" * 10
    with opened(browser, served.address) as page:
        expect(page.locator("#card")).to_contain_text("only an overall bluish tint without edges")
        page.keyboard.press("y")  # any key starts, and answers nothing
        expect(page.locator("#card")).to_be_hidden()
        expect_place(page, 1, 0)
        asked = order_of(page)
        press(page, keys)
        expect(page.locator("#verdict")).to_have_text("All 30 frames answered")
        expect(page.locator("#counts b")).to_have_text(["10", "10", "10"])
        expect(page.locator("#written")).to_have_text("20 labels of ann stand in")
        expect(page.locator("#agreement")).to_be_hidden()  # nobody else has labelled
        page.reload()
        expect(page.locator("#verdict")).to_have_text("All 30 frames answered")
        page.keyboard.press("ArrowLeft")
        expect_place(page, 1, FRAMES)
    pressed = [(frame_id, ANSWER_OF[key]) for frame_id, key in zip(asked, keys, strict=True)]
    assert journal(served.folder)[-FRAMES:] == pressed
    assert labels(served.folder, "ann") == {frame_id: answer for frame_id, answer in pressed if answer != "unsure"}


def test_undo_and_stepping_and_answering_anew(browser, served):
    with started(browser, served.address) as page:
        first, second, third = order_of(page)[:3]
        before = len(journal(served.folder))
        page.keyboard.press("z")
        expect(page.locator("#message")).to_have_text("there is no answer to take back")
        press(page, "yn")
        page.keyboard.press("Backspace")
        expect_place(page, 2, 1)
        expect(page.locator("#facts")).to_contain_text("none yet")
        press(page, "u")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect_place(page, 1, 2)
        expect(page.locator("[data-answer=yes]")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("n")  # anew: the count stays, and the next unanswered frame comes
        expect_place(page, 3, 2)
        page.keyboard.press("z")  # the first answer counts again
        expect_place(page, 1, 2)
        expect(page.locator("[data-answer=yes]")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect_place(page, 3, 2)
        page.click("[data-answer=no]")
        expect_place(page, 4, 3)
    assert journal(served.folder)[before:] == [
        (first, "yes"), (second, "no"), (second, "undo"), (second, "unsure"), (first, "no"), (first, "undo"),
        (third, "no"),
    ]  # fmt: skip


def test_a_reload_keeps_place_and_answers(browser, served):
    with started(browser, served.address) as page:
        before = len(journal(served.folder))
        asked = order_of(page)
        press(page, "yny")
        page.reload()
        expect(page.locator("#card")).to_be_visible()
        page.keyboard.press(" ")
        expect(page.locator("#card")).to_be_hidden()
        expect_place(page, 4, 3)
        assert order_of(page) == asked
        for answer in ("yes", "no", "yes"):
            page.keyboard.press("ArrowLeft")
            expect(page.locator(f"[data-answer={answer}]")).to_have_attribute("aria-pressed", "true")
        expect_place(page, 1, 3)
    assert journal(served.folder)[before:] == list(zip(asked, ("yes", "no", "yes"), strict=False))


def test_the_second_annotator_is_blind_and_sees_kappa_at_the_end(browser, served, tmp_path):
    with started(browser, served.address) as page:
        keys = "yyn" * 9 + "yyu"
        ann = {frame_id: ANSWER_OF[key] for frame_id, key in zip(order_of(page), keys, strict=True)}
        press(page, keys)
    project = Path(shutil.copytree(served.folder, tmp_path / "project"))
    with label_server.serving(project, "ben") as address, started(browser, address) as page:
        keys = "ynynnyyyn" * 3 + "uny"
        asked = order_of(page)
        ben = {frame_id: ANSWER_OF[key] for frame_id, key in zip(asked, keys, strict=True)}
        for key in keys:
            expect(page.locator("[data-answer][aria-pressed=true]")).to_have_count(0)  # whatever ann said
            press(page, key)
        cells = page.locator("#pairs td").all_inner_texts()
    assert asked != list(ann), "each annotator has an order of their own"
    assert journal(project, "ben") == list(ben.items())
    both = [(ann[one], ben[one]) for one in ann if "unsure" not in (ann[one], ben[one])]
    only_ann, only_ben = both.count(("yes", "no")), both.count(("no", "yes"))
    names, frames, kappa, raw, both_yes, both_no, apart = cells
    assert (names, int(frames)) == ("ann, ben", len(both))
    assert kappa.startswith(f"{cohen_kappa_score(*zip(*both, strict=True)):.2f} (")
    assert raw == f"{100 * np.mean([one == other for one, other in both]):.0f} %"
    assert (int(both_yes), int(both_no)) == (both.count(("yes", "yes")), both.count(("no", "no")))
    assert apart == f"{only_ann + only_ben} (yes only from ann: {only_ann}, only from ben: {only_ben})"


def test_cloud_and_form_by_keys_behind_their_switch(browser, served):
    with started(browser, served.address) as page:
        before = len(journal(served.folder))
        first, second = order_of(page)[:2]
        page.keyboard.press("2")  # switched off: the key does nothing
        expect(page.locator("#kinds")).to_be_hidden()
        page.keyboard.press("k")
        expect(page.locator("#kinds")).to_be_visible()
        page.keyboard.press("2")
        expect(page.locator("[data-value=broken]")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("4")
        expect(page.locator("[data-value=arc]")).to_have_attribute("aria-pressed", "true")
        page.click("[data-value=rays]")
        expect(page.locator("[data-value=rays]")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("[data-value=arc]")).to_have_attribute("aria-pressed", "false")
        expect_place(page, 1, 0)  # naming a kind is no answer
        press(page, "y")
        expect(page.locator("[data-kind][aria-pressed=true]")).to_have_count(0)
        page.keyboard.press("1")
        expect(page.locator("[data-value=clear]")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("1")  # the same key again takes it off
        expect(page.locator("[data-value=clear]")).to_have_attribute("aria-pressed", "false")
        page.keyboard.press("z")
        expect(page.locator("[data-value=clear]")).to_have_attribute("aria-pressed", "true")
        page.reload()  # the switch stays on, and so do the kinds
        expect(page.locator("#card")).to_be_visible()
        page.keyboard.press("Enter")
        expect_place(page, 2, 1)
        expect(page.locator("[data-value=clear]")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("k")
        expect(page.locator("#kinds")).to_be_hidden()
        press(page, "n" + "y" * (FRAMES - 2))
    cloud, rays = "cloud=broken", "form=rays"
    assert journal(served.folder)[before : before + 8] == [
        (first, cloud), (first, "form=arc"), (first, rays), (first, "yes"), (second, "cloud=clear"), (second, "cloud="),
        (second, "undo"), (second, "no"),
    ]  # fmt: skip
    with (served.folder / "data/labels/labels.csv").open(newline="") as file:
        rows = {row["frame_id"]: row for row in csv.DictReader(file) if row["annotator"] == "ann"}
    assert (rows[first]["cloud"], rows[first]["form"]) == ("broken", "rays")
    assert (rows[second]["cloud"], rows[second]["form"]) == ("clear", "")


def test_a_held_key_answers_one_frame_and_shortcuts_stay_the_browsers(browser, served):
    def hold(key: str) -> None:
        for _ in range(6):
            page.keyboard.down(key)  # from the second on it is marked as repeated
            page.wait_for_timeout(40)
        page.keyboard.up(key)
        page.wait_for_timeout(200)

    with started(browser, served.address) as page:
        before = len(journal(served.folder))
        hold("y")
        page.keyboard.press("Control+y")
        page.keyboard.press("Alt+n")
        expect_place(page, 2, 1)
        page.focus("[data-answer=no]")
        hold("Enter")
        expect_place(page, 3, 2)
    assert [answer for _, answer in journal(served.folder)[before:]] == ["yes", "no"]


def test_answers_given_while_one_is_on_its_way_are_not_taken(browser, served):
    with started(browser, served.address) as page:
        before = len(journal(served.folder))
        on_their_way = []
        page.route("**/api/answers", lambda route: on_their_way.append(route))
        for key in ("y", "n", "ArrowRight", "u"):
            page.keyboard.press(key)
            page.wait_for_timeout(50)
        expect_place(page, 1, 0)
        assert len(on_their_way) == 1
        on_their_way[0].continue_()
        expect_place(page, 2, 1)
    assert [answer for _, answer in journal(served.folder)[before:]] == ["yes"]


def test_a_server_that_is_gone_saves_nothing_and_the_page_says_so(browser, served, tmp_path):
    project = Path(shutil.copytree(served.folder, tmp_path / "project"))
    process, address = label_server.start(project, "cat")
    try:
        with started(browser, address, tolerated="ERR_CONNECTION_RE") as page:
            asked = order_of(page)
            press(page, "yn")
            process.kill()
            process.wait()
            page.keyboard.press("y")
            expect(page.locator("#banner")).to_contain_text("not saved; is `aurora label` still running?")
            page.click("[data-do=retry]")
            expect(page.locator("#picture.busy")).to_have_count(0)
            expect(page.locator("#banner")).to_be_visible()
            expect_place(page, 3, 2)
            expect(page.locator("#facts")).to_contain_text("none yet")
    finally:
        process.kill()
        process.communicate()
    assert journal(project, "cat") == [(asked[0], "yes"), (asked[1], "no")]


def test_retry_sends_the_same_answer_once_the_server_is_heard_again(browser, served):
    with started(browser, served.address, tolerated="ERR_INTERNET_DISCONNECTED") as page:
        first = order_of(page)[0]
        before = len(journal(served.folder))
        page.context.set_offline(True)
        page.keyboard.press("u")
        expect(page.locator("#banner")).to_be_visible()
        assert len(journal(served.folder)) == before
        page.context.set_offline(False)
        page.click("[data-do=retry]")
        expect_place(page, 2, 1)
        expect(page.locator("#banner")).to_be_hidden()
    assert journal(served.folder)[before:] == [(first, "unsure")]


def test_the_stretch_lifts_the_picture_in_steps_and_goes_off_again(browser, served):
    with started(browser, served.address) as page:
        levels = [brightness(page)]
        for name in ("2×", "4×", "off"):
            page.keyboard.press("b")
            expect(page.locator("#stretch")).to_have_text(f"brightness {name}")
            levels.append(brightness(page))
    off, double, fourfold, again = levels
    assert 1.3 * off < double < 2.05 * off
    assert 1.3 * double < fourfold < 4.1 * off
    assert again == pytest.approx(off, abs=0.01)


def test_the_frames_a_minute_before_and_after_are_shown_and_let_go(browser, served):
    with started(browser, served.address) as page:

        def expect_shown(frame_no: int, note: str) -> None:
            expect(page.locator("#note")).to_have_text(note)
            address = re.compile(rf"/picture/20240203-{frame_no:05d}\.jpg$")
            expect(page.locator("#picture img")).to_have_attribute("src", address)

        before = len(journal(served.folder))
        for _ in range(order_of(page).index("20240203-00030")):
            page.keyboard.press("ArrowRight")
        expect_shown(30, "")
        for _ in range(2):  # a tapped key shows the frame before ...
            page.keyboard.press(",")
            expect_shown(20, "1 min before: 06:02:00")
            page.keyboard.press("y")  # ... which nobody answers by mistake ...
            expect_shown(30, "")
        page.keyboard.press(",")
        expect_shown(20, "1 min before: 06:02:00")
        page.keyboard.press(",")  # ... until it is tapped again
        expect_shown(30, "")
        page.keyboard.down(".")  # a held key shows the frame after until it is let go
        expect_shown(40, "1 min after: 06:04:00")
        page.wait_for_timeout(400)
        page.keyboard.up(".")
        expect_shown(30, "")
        for _ in range(order_of(page).index("20240203-00030")):
            page.keyboard.press("ArrowLeft")
        for _ in range(order_of(page).index("20240203-00000")):
            page.keyboard.press("ArrowRight")
        page.click("[data-do=before]")
        expect(page.locator("#message")).to_have_text("there is no frame before")
        expect_shown(0, "")
    assert len(journal(served.folder)) == before


@contextmanager
def two_tabs(browser: Browser, address: str) -> Iterator[tuple[Page, Page]]:
    """Two tabs of one browser, both with nothing answered."""
    with started(browser, address, tolerated="409") as first:
        second = first.context.new_page()
        second.goto(first.url)
        expect(second.locator("#card")).to_be_visible()
        second.keyboard.press("Enter")
        expect_place(second, 1, 0)
        yield first, second


def test_a_second_tab_replaces_and_takes_back_nothing_unseen(browser, served):
    with two_tabs(browser, served.address) as (ann, other):
        asked = order_of(ann)
        before = len(journal(served.folder))
        press(ann, "yn")
        other.keyboard.press("n")  # of the first frame, which it shows unanswered
        expect(other.locator("#message")).to_have_text("not saved; meanwhile this frame was answered elsewhere: yes")
        expect_place(other, 1, 2)
        expect(other.locator("[data-answer=yes]")).to_have_attribute("aria-pressed", "true")
        press(ann, "u")
        other.keyboard.press("Backspace")
        expect(other.locator("#message")).to_have_text("nothing was taken back: the answers changed meanwhile")
        given = [(asked[0], "yes"), (asked[1], "no"), (asked[2], "unsure")]
        assert journal(served.folder)[before:] == given
        other.keyboard.press("n")  # now that it has seen the yes
        expect_place(other, 4, 3)
        other.keyboard.press("e")
        ann.keyboard.press("e")
        for page in (ann, other):
            expect(page.locator("#counts b")).to_have_text(["0", "2", "1"])
    assert journal(served.folder)[before:] == [*given, (asked[0], "no")]


def test_back_in_the_browser_shows_what_was_answered_meanwhile(browser, served):
    with two_tabs(browser, served.address) as (ann, other):
        other.goto("about:blank")
        press(ann, "yn")
        other.go_back()
        if other.locator("#card").is_visible():
            other.keyboard.press("Enter")
        expect(other.locator("#place")).to_contain_text(f"of {FRAMES}, 2 answered")


def test_frames_by_name_and_all_old_answers_can_be_corrected(browser, served, tmp_path):
    project = Path(shutil.copytree(served.folder, tmp_path / "project"))
    with label_server.serving(project, "dan") as address, started(browser, address) as page:
        asked = order_of(page)
        press(page, "yny")
    with label_server.serving(project, "dan", "--frames", f"{asked[0]},{asked[1]}", "--order", "night") as address:
        page = browser.new_page()
        page.goto(address)
        expect(page.locator("#card")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator("#place")).to_have_text("frame 1 of 2, 2 answered")
        expect_picture(page)
        wrong = order_of(page)[0]
        page.keyboard.press("u")
        expect(page.locator("#place")).to_have_text("frame 2 of 2, 2 answered")
        page.close()
    with label_server.serving(project, "dan", "--review", "--order", "night") as address:
        page = browser.new_page()
        page.goto(address)
        expect(page.locator("#card")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator("#place")).to_have_text("frame 1 of 3, 3 answered")
        assert order_of(page) == sorted(asked[:3])
        page.close()
    assert journal(project, "dan")[3:] == [(wrong, "unsure")]
    assert wrong not in labels(project, "dan") and len(labels(project, "dan")) == 2
