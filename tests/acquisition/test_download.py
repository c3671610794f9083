"""One download from a real server that breaks off, stalls, changes its file and says wrong things."""

from __future__ import annotations

import asyncio
import email.utils
import socket
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archive_server
from archive_server import Archive, File
from aurora_gradcam.acquisition.download import Absent, Failed, GaveUp, Patience, download
from aurora_gradcam.acquisition.part import Part, Promise
from aurora_gradcam.errors import InputError

HASTY = Patience(stall=10, tries=4, first_wait=0.01, longest_wait=0.02)
CONTENT = np.random.default_rng(1).bytes(300_000)
OTHER = np.random.default_rng(2).bytes(len(CONTENT))  # alike in size: only what names the version can tell
PATH = "/v.mp4"
DATE = email.utils.formatdate(1_700_000_000, usegmt=True)


@pytest.fixture(scope="module")
def server():
    with archive_server.started() as archive:
        yield archive


@pytest.fixture
def archive(server: Archive) -> Archive:
    server.files.clear()
    server.requests.clear()
    return server


@pytest.fixture
def part(tmp_path) -> Part:
    return Part(tmp_path / "2024-02" / "v.mp4")


def bring(archive: Archive, part: Part, patience: Patience = HASTY, path: str = PATH) -> list[str]:
    """Download into a part; what was told."""
    told = []

    async def go() -> None:
        async with httpx.AsyncClient(timeout=patience.stall, follow_redirects=True) as client:
            await download(client, archive.url + path, part, patience, told.append)

    asyncio.run(go())
    return told


def test_a_file_comes_whole_with_one_request(archive, part):
    archive.files[PATH] = File(CONTENT)
    assert bring(archive, part) == []
    assert part.path.read_bytes() == CONTENT
    assert archive.ranges(PATH) == [None]
    assert not part.final.exists()  # it gets its name elsewhere, once it is known to be a video


def test_a_large_file_broken_off_three_times_is_equal_to_the_byte(archive, part):
    content = np.random.default_rng(3).bytes(50_000_000)
    archive.files[PATH] = File(content, breaks=[13_000_000, 1, 20_000_001, None])
    bring(archive, part)
    assert part.path.read_bytes() == content
    assert archive.statuses(PATH) == [200, 206, 206, 206]
    starts = [int(asked.removeprefix("bytes=").removesuffix("-")) for asked in archive.ranges(PATH)[1:]]
    assert starts == [13_000_000, 13_000_001, 33_000_002]
    assert {request.headers["if-range"] for request in archive.asked(PATH)[1:]} == {archive.files[PATH].tag()}


def test_a_stall_is_broken_off_and_resumed(archive, part):
    archive.files[PATH] = File(CONTENT, stalls=[100_000, None])
    told = bring(archive, part, replace(HASTY, stall=0.3))
    assert part.path.read_bytes() == CONTENT
    assert archive.ranges(PATH) == [None, "bytes=100000-"]
    assert told[0].startswith("no bytes for 0.3 s; next try in ")
    assert told[1] == "resumes at 100.0 kB"


def test_a_server_that_cannot_resume_starts_anew(archive, part):
    archive.files[PATH] = File(CONTENT, breaks=[100_000, 200_000, None], takes_ranges=False)
    bring(archive, part)
    assert part.path.read_bytes() == CONTENT
    assert archive.statuses(PATH) == [200, 200, 200]


@pytest.mark.parametrize("minds_if_range, statuses", [(True, [200, 200]), (False, [200, 206, 200])])
def test_a_file_that_changes_between_tries_starts_anew(archive, part, minds_if_range, statuses):
    archive.files[PATH] = File(
        breaks=[100_000, None], versions=[CONTENT, OTHER], minds_if_range=minds_if_range, last_modified=DATE
    )
    bring(archive, part)
    assert part.path.read_bytes() == OTHER
    assert archive.statuses(PATH) == statuses


@pytest.mark.parametrize(
    "etag, last_modified, validator",
    [
        (None, DATE, None),  # the ETag goes before the date
        ("", DATE, DATE),
        ('W/"alike"', DATE, DATE),  # a weak one must not be used (RFC 9110, 13.1.5)
    ],
)
def test_what_a_resumption_holds_the_server_to(archive, part, etag, last_modified, validator):
    file = archive.files[PATH] = File(CONTENT, breaks=[100_000], etag=etag, last_modified=last_modified)
    bring(archive, part)
    assert part.path.read_bytes() == CONTENT
    assert archive.asked(PATH)[1].headers["if-range"] == (validator or file.tag())
    assert archive.ranges(PATH)[1] == "bytes=100000-"


@pytest.mark.parametrize("etag", ["", 'W/"alike"'])
def test_without_anything_to_hold_it_to_nothing_is_resumed(archive, part, etag):
    archive.files[PATH] = File(breaks=[100_000], versions=[CONTENT, OTHER], etag=etag)
    bring(archive, part)
    assert part.path.read_bytes() == OTHER
    assert archive.ranges(PATH) == [None, None]


def begun(part: Part, archive: Archive, content: bytes, size: int, path: str = PATH) -> None:
    part.begin(Promise(archive.url + path, size, archive.files[PATH].tag()))
    part.append(content)


def test_a_part_that_has_all_bytes_is_done(archive, part):
    archive.files[PATH] = File(CONTENT)
    begun(part, archive, CONTENT, len(CONTENT))
    bring(archive, part)
    assert part.path.read_bytes() == CONTENT
    assert archive.statuses(PATH) == [416]


def test_a_part_that_is_too_long_starts_anew(archive, part):
    archive.files[PATH] = File(CONTENT)
    begun(part, archive, CONTENT + b"more", len(CONTENT))
    bring(archive, part)
    assert part.path.read_bytes() == CONTENT
    assert archive.ranges(PATH) == [f"bytes={len(CONTENT) + 4}-", None]


def test_a_part_of_another_address_is_not_mixed_in(archive, part):
    archive.files[PATH] = File(CONTENT)
    begun(part, archive, OTHER[:1000], len(CONTENT), path="/elsewhere/v.mp4")
    bring(archive, part)
    assert part.path.read_bytes() == CONTENT
    assert archive.ranges(PATH) == [None]


def test_a_part_whose_notes_are_damaged_is_not_trusted(archive, part):
    archive.files[PATH] = File(CONTENT)
    begun(part, archive, OTHER[:1000], len(CONTENT))
    part.notes.write_text('{"address": ')
    bring(archive, part)
    assert part.path.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_asked_for_once(archive, part, status):
    archive.files[PATH] = File(CONTENT, statuses=[(status, {})] * 9)
    with pytest.raises(Absent):
        bring(archive, part)
    assert archive.statuses(PATH) == [status]
    assert not part.final.parent.exists()


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_not_argued_with(archive, part, status):
    archive.files[PATH] = File(CONTENT, statuses=[(status, {})] * 9)
    with pytest.raises(Failed, match=f"HTTP {status}") as failed:
        bring(archive, part)
    assert not isinstance(failed.value, GaveUp)
    assert archive.statuses(PATH) == [status]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_asked_again(archive, part, status):
    archive.files[PATH] = File(CONTENT, statuses=[(status, {}), (status, {})])
    told = bring(archive, part)
    assert part.path.read_bytes() == CONTENT
    assert archive.statuses(PATH) == [status, status, 200]
    assert [line.split(" ")[1] for line in told] == [str(status)] * 2


def test_a_server_in_lasting_trouble_is_given_up(archive, part):
    archive.files[PATH] = File(CONTENT, statuses=[(503, {})] * 9)
    with pytest.raises(GaveUp, match="HTTP 503 Service Unavailable; gave up after 4 tries"):
        bring(archive, part)
    assert archive.statuses(PATH) == [503] * 4


def test_a_wait_that_the_server_asks_for_is_kept(archive, part):
    archive.files[PATH] = File(CONTENT, statuses=[(503, {"Retry-After": "1"})])
    bring(archive, part)
    first, second = archive.asked(PATH)
    assert second.at - first.at >= 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_wait_that_is_too_long_is_not(archive, part, form):
    asked = "7200" if form == "seconds" else email.utils.formatdate(time.time() + 7200, usegmt=True)
    archive.files[PATH] = File(CONTENT, statuses=[(503, {"Retry-After": asked})] * 9)
    with pytest.raises(GaveUp, match=r"asks to wait 7(200|199|198) s"):
        bring(archive, part)
    assert archive.statuses(PATH) == [503]


def test_a_poor_connection_gets_there_in_more_tries_than_are_had_in_a_row(archive, part):
    content = np.random.default_rng(4).bytes(13 << 20)
    archive.files[PATH] = File(content, breaks=[(1 << 20) + 1] * 12)
    bring(archive, part)
    assert part.path.read_bytes() == content
    assert len(archive.requests) == 13 > HASTY.tries


def test_a_connection_that_brings_next_to_nothing_is_given_up(archive, part):
    archive.files[PATH] = File(CONTENT, breaks=[1000] * 99)
    with pytest.raises(GaveUp, match=r"the connection broke at 4\.0 kB; gave up after 4 tries"):
        bring(archive, part)
    assert part.path.read_bytes() == CONTENT[:4000]  # for the next run


def test_a_length_that_is_promised_too_large(archive, part):
    archive.files[PATH] = File(CONTENT, says=len(CONTENT) + 10)
    bring(archive, part)
    assert part.path.read_bytes() == CONTENT
    assert archive.statuses(PATH) == [200, 416]  # which tells the true length


def test_a_length_that_is_not_told(archive, part):
    archive.files[PATH] = File(CONTENT, says=-1)
    bring(archive, part)
    assert part.path.read_bytes() == CONTENT


def test_redirects_are_followed_also_when_resuming(archive, part):
    archive.files["/old.mp4"] = File(redirect=PATH)
    archive.files[PATH] = File(CONTENT, breaks=[100_000])
    bring(archive, part, path="/old.mp4")
    assert part.path.read_bytes() == CONTENT
    assert archive.ranges(PATH) == [None, "bytes=100000-"]


def test_a_redirect_in_circles_is_no_reason_to_try_again(archive, part):
    archive.files[PATH] = File(redirect=PATH)
    with pytest.raises(Failed, match="redirects"):
        bring(archive, part)


def test_a_disk_that_would_fill_is_told_before_it_does(archive, part):
    archive.files[PATH] = File(CONTENT, says=10**17, stalls=[1000])
    with pytest.raises(InputError, match=r"the disk would fill: 100\.0 PB are to come"):
        bring(archive, part)
    assert part.size == 0


def test_a_folder_that_takes_no_files_is_told(archive, part):
    archive.files[PATH] = File(CONTENT)
    part.final.parent.write_text("a file where the month's folder should be")
    with pytest.raises(InputError, match="cannot write here"):
        bring(archive, part)


def test_nobody_answers(archive, part):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = Archive(url=f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(GaveUp, match=r"no connection: .*; gave up after 4 tries"):
            bring(nobody, part)


@settings(max_examples=30, deadline=None)
@given(
    breaks=st.lists(st.none() | st.integers(0, len(CONTENT)), max_size=5),
    takes_ranges=st.booleans(),
    minds_if_range=st.booleans(),
    etag=st.sampled_from([None, "", 'W/"alike"', '"always the same"']),
    last_modified=st.sampled_from(["", DATE]),
    redirect=st.booleans(),
)
def test_however_the_connection_breaks_the_bytes_are_equal(
    server, breaks, takes_ranges, minds_if_range, etag, last_modified, redirect
):
    server.files["/there.mp4"] = File(redirect=PATH)
    server.files[PATH] = File(
        CONTENT, breaks=breaks, takes_ranges=takes_ranges, minds_if_range=minds_if_range,
        etag=etag, last_modified=last_modified,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        part = Part(Path(folder) / "v.mp4")
        bring(server, part, Patience(stall=5, tries=7, first_wait=0.001), "/there.mp4" if redirect else PATH)
        assert part.path.read_bytes() == CONTENT


@given(st.integers(1, 40), st.floats(0.01, 10), st.floats(0.01, 100))
def test_waits_grow_up_to_a_bound_and_are_drawn(failures, first, longest):
    patience = Patience(first_wait=first, longest_wait=longest)
    bound = min(longest, first * 2 ** (failures - 1))
    waits = {patience.wait(failures) for _ in range(5)}
    assert all(bound / 2 <= wait <= bound for wait in waits)
    assert len(waits) > 1
