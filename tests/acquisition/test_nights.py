"""Several nights from a real server into data/raw."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path

import pytest
from rich.console import Console

import archive_server
import videos
from archive_server import Archive, File
from aurora_gradcam import __version__
from aurora_gradcam.acquisition import whole
from aurora_gradcam.acquisition.display import Display
from aurora_gradcam.acquisition.download import Patience
from aurora_gradcam.acquisition.fetch import GIVE_UP_AFTER, Fetched, Request, run
from aurora_gradcam.acquisition.whole import Undecodable
from aurora_gradcam.config import Fetch
from aurora_gradcam.errors import InputError

HASTY = Patience(stall=10, tries=3, first_wait=0.01, longest_wait=0.02)
DEFAULTS = tuple(pattern.removeprefix("https://data.phys.ucalgary.ca") for pattern in Fetch().addresses)
FIRST = date(2024, 2, 28)


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> bytes:
    """A small night video, its index at the beginning, so that cutting it short leaves a readable start."""
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    return videos.write(path, [videos.draw(number) for number in range(40)], movflags="faststart").read_bytes()


@pytest.fixture
def archive():
    with archive_server.started() as archive:
        yield archive


def path_of(number: int, pattern: int = 0, size: str = "720p") -> str:
    """The path of a night, counted from FIRST, at one of AuroraMAX's two patterns."""
    folder = f"/sort_by_project/AuroraMAX/rt-movies/mp4/{FIRST + timedelta(days=number):%Y/%m/%d}"
    return folder + ("", "/yknf_slr-12")[pattern] + f"/auroramaxHD_{FIRST + timedelta(days=number):%Y%m%d}_{size}.mp4"


def place(folder: Path, number: int) -> Path:
    night = FIRST + timedelta(days=number)
    return folder / f"{night:%Y-%m}" / f"auroramaxHD_{night:%Y%m%d}_720p.mp4"


def fetched(
    archive: Archive, folder: Path, nights: int, at_once: int = 2, patience: Patience = HASTY
) -> tuple[Fetched, str]:
    """Fetch so many nights; what became of them, and what was told in a pipe."""
    wanted = [FIRST + timedelta(days=number) for number in range(nights)]
    patterns = [archive.url + pattern for pattern in DEFAULTS]
    told = io.StringIO()
    result = run(Request(wanted, patterns, "720p", at_once, patience, folder), Display(Console(file=told, width=200)))
    return result, told.getvalue()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_nights_come_from_both_patterns_into_their_months(archive, video, tmp_path):
    archive.files |= {path_of(0): File(video), path_of(1, pattern=1): File(video), path_of(2): File(video)}
    result, told = fetched(archive, tmp_path, 4)
    assert [place(tmp_path, number).read_bytes() == video for number in range(3)] == [True] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2024-02", "2024-03"]
    assert len(files(tmp_path)) == 3  # no part, no notes
    assert result.nights("fetched") == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    assert result.nights("missing") == [date(2024, 3, 2)]
    assert result.received == 3 * len(video)
    assert archive.statuses(path_of(1)) == [404] and archive.asked(path_of(0, pattern=1)) == []
    assert {request.headers["user-agent"] for request in archive.requests} == {f"aurora-gradcam/{__version__}"}
    assert {request.headers["accept-encoding"] for request in archive.requests} == {"identity"}
    assert f"2024-02-28: fetched: {len(video) / 1000:.1f} kB" in told and "2024-03-02: missing" in told
    assert [f"({number} of 4)" in line for number, line in enumerate(told.splitlines(), start=1)] == [True] * 4


@pytest.mark.parametrize("at_once", [1, 3])
def test_as_many_at_once_as_asked_for_and_no_more(archive, video, tmp_path, at_once):
    archive.files |= {path_of(number): File(video, slow=0.1) for number in range(6)}
    fetched(archive, tmp_path, 6, at_once)
    assert archive.most_at_once == at_once
    assert len(files(tmp_path)) == 6


def test_a_second_run_asks_nobody(archive, video, tmp_path):
    archive.files |= {path_of(0): File(video), path_of(1, pattern=1): File(video)}
    fetched(archive, tmp_path, 2)
    archive.requests.clear()
    result, _ = fetched(archive, tmp_path, 2)
    assert result.nights("there") == [FIRST, FIRST + timedelta(days=1)]
    assert archive.requests == []


def test_the_next_run_goes_on_where_this_one_was_given_up(archive, video, tmp_path):
    archive.files[path_of(0)] = File(video, breaks=[5000, 100, 100])
    result, _ = fetched(archive, tmp_path, 1)
    assert result.nights("failed") == [FIRST]
    assert result.outcomes[FIRST].reason == "the connection broke at 5.2 kB; gave up after 3 tries"
    name = place(tmp_path, 0).name
    assert files(tmp_path) == [f".{name}.json.part", f".{name}.part"]
    assert archive.asked(path_of(0, pattern=1)) == []  # the server has trouble: it is left alone
    archive.requests.clear()
    result, _ = fetched(archive, tmp_path, 1)
    assert place(tmp_path, 0).read_bytes() == video
    assert archive.ranges(path_of(0)) == ["bytes=5200-"]
    assert result.received == len(video) - 5200


@pytest.mark.parametrize(
    "served, reason",
    [
        (lambda video: File(redirect="/login"), "this is not a readable video (the server calls it text/html)"),
        (lambda video: File(b""), "the server sent an empty file"),
        (lambda video: File(video[:-100]), "it breaks off"),
        (lambda video: File(video, says=len(video) - 100), "it breaks off"),
    ],
    ids=["page", "empty", "cut short on the server", "promised too short"],
)
def test_what_is_no_whole_video_gets_no_name(archive, video, tmp_path, served, reason):
    archive.files |= {"/login": File(b"<html>Log in</html>", content_type="text/html"), path_of(0): served(video)}
    result, told = fetched(archive, tmp_path, 1)
    assert result.nights("damaged") == [FIRST]
    assert result.outcomes[FIRST].reason.startswith(reason)
    assert reason in told
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_video_at_one_address_does_not_hide_a_whole_one_at_the_next(archive, video, tmp_path):
    archive.files |= {path_of(0): File(video[:-100]), path_of(0, pattern=1): File(video)}
    result, _ = fetched(archive, tmp_path, 1)
    assert result.nights("fetched") == [FIRST]
    assert place(tmp_path, 0).read_bytes() == video


def test_a_forbidden_address_is_told_when_no_other_has_the_night(archive, video, tmp_path):
    archive.files |= {path_of(0): File(statuses=[(403, {})]), path_of(1): File(statuses=[(403, {})])}
    archive.files[path_of(1, pattern=1)] = File(video)
    result, _ = fetched(archive, tmp_path, 2)
    assert result.outcomes[FIRST].reason == "HTTP 403 Forbidden"
    assert result.nights("fetched") == [FIRST + timedelta(days=1)]


def test_a_server_that_answers_nobody_is_soon_left_alone(archive, tmp_path):
    archive.files |= {path_of(number): File(statuses=[(503, {})] * 99) for number in range(10)}
    result, _ = fetched(archive, tmp_path, 10, at_once=1)
    assert len(result.nights("failed")) == 10
    assert len(archive.requests) == GIVE_UP_AFTER * HASTY.tries
    assert "skipped" in result.outcomes[FIRST + timedelta(days=9)].reason


def test_a_full_disk_ends_the_work_and_keeps_what_has_come(archive, video, tmp_path):
    archive.files |= {path_of(0): File(video), path_of(1): File(video, says=10**17, slow=0.05)}
    archive.files[path_of(2)] = File(video)
    result, _ = fetched(archive, tmp_path, 3, at_once=1)
    assert isinstance(result.stopped, InputError) and "the disk would fill" in str(result.stopped)
    assert place(tmp_path, 0).read_bytes() == video
    assert archive.asked(path_of(2)) == []


def test_on_a_terminal_each_night_has_a_bar(archive, video, tmp_path):
    archive.files |= {path_of(number): File(video, slow=0.2) for number in range(2)}
    told = io.StringIO()
    console = Console(file=told, force_terminal=True, width=120)
    wanted = [FIRST, FIRST + timedelta(days=1)]
    run(Request(wanted, [archive.url + DEFAULTS[0]], "720p", 2, HASTY, tmp_path), Display(console))
    assert "2024-02-28" in told.getvalue() and "━" in told.getvalue() and "kB" in told.getvalue()


def test_a_complete_video_that_this_ffmpeg_does_not_decode_is_kept_for_another(archive, video, tmp_path, monkeypatch):
    def refuse(path: Path) -> None:
        raise Undecodable("nothing can be decoded in the first 20 s", path)

    archive.files[path_of(0)] = File(video)
    with monkeypatch.context() as patch:
        patch.setattr(whole, "check", refuse)
        result, output = fetched(archive, tmp_path, 1)
    part = place(tmp_path, 0).with_name(f".{place(tmp_path, 0).name}.part")
    assert result.nights("damaged") == [FIRST] and f"kept in {part}" in output
    assert part.read_bytes() == video
    result, _ = fetched(archive, tmp_path, 1)
    assert result.nights("fetched") == [FIRST] and place(tmp_path, 0).read_bytes() == video
    assert archive.statuses(path_of(0)) == [200, 416]
