"""Sources, each the real thing: a folder that fills, an overwritten picture, an HTTP address, a live stream."""

from __future__ import annotations

import io
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import watched
from aurora_gradcam.errors import ConfigError, InputError
from aurora_gradcam.watch import local, state, stream
from aurora_gradcam.watch.address import AddressSource
from aurora_gradcam.watch.arrival import Arrival, Source, Trouble, is_whole, suffix_of
from aurora_gradcam.watch.local import FileSource, FolderSource
from aurora_gradcam.watch.stream import StreamSource
from aurora_gradcam.watch.watch import source_of


def png(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def given(source: Source, count: int) -> list[Arrival]:
    """The next so many pictures of a source."""
    arrivals: list[Arrival] = []
    watched.until(lambda: arrivals.extend(source.poll()) or len(arrivals) >= count)
    assert len(arrivals) == count
    return arrivals


def test_a_folder_gives_each_new_picture_once_in_order_and_at_first_the_newest_alone(tmp_path):
    for number in range(3):
        (tmp_path / f"old{number}.jpg").write_bytes(watched.picture("no", number))
        os.utime(tmp_path / f"old{number}.jpg", (number, number))
    source = FolderSource(tmp_path, settle_s=0.05)
    assert [arrival.name for arrival in given(source, 1)] == ["old2.jpg"]
    for number in range(5):
        watched.put(tmp_path, f"new{number}.jpg", watched.picture("no", 10 + number))
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.jpg").write_bytes(watched.picture("no", 99))
    assert [arrival.name for arrival in given(source, 5)] == [f"new{number}.jpg" for number in range(5)]
    assert source.poll() == []


def test_a_half_written_picture_waits_until_it_is_whole(tmp_path):
    source = FolderSource(tmp_path, settle_s=0.05)
    content = watched.picture("yes", 1)
    with (tmp_path / "slow.jpg").open("wb") as file:
        for piece in range(4):
            file.write(content[piece * len(content) // 4 : (piece + 1) * len(content) // 4])
            file.flush()
            for _ in range(3):
                if piece < 3:
                    assert source.poll() == []
                threading.Event().wait(0.05)
    assert given(source, 1)[0].content == content


def test_a_picture_that_stays_half_is_given_in_the_end_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "PATIENCE_S", 0.4)
    source = FolderSource(tmp_path, settle_s=0.05)
    (tmp_path / "half.jpg").write_bytes(watched.picture("yes", 1)[:900])
    assert len(given(source, 1)[0].content) == 900


def test_folders_within_the_folder_are_watched_and_may_come_and_go(tmp_path):
    source = FolderSource(tmp_path, settle_s=0.05)
    night = tmp_path / "2024" / "20240201"
    night.mkdir(parents=True)
    watched.put(night, "a.png", png(1))
    assert given(source, 1)[0].name == "a.png"
    (night / "a.png").unlink()
    night.rmdir()
    assert source.poll() == []
    tmp_path.rename(tmp_path.with_name("away"))
    with pytest.raises(Trouble, match="no such folder now"):
        source.poll()
    tmp_path.with_name("away").rename(tmp_path)
    watched.put(tmp_path, "b.png", png(2))
    assert given(source, 1)[0].name == "b.png"


def test_a_picture_overwritten_in_a_folder_is_given_again(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "RESCAN_S", 0.2)
    source = FolderSource(tmp_path, settle_s=0.05)
    (tmp_path / "a.png").write_bytes(png(1))
    given(source, 1)
    (tmp_path / "a.png").write_bytes(png(2) + b"\0\0")
    assert given(source, 1)[0].content.startswith(png(2))


def test_after_a_restart_what_came_in_between_is_given_and_nothing_else(tmp_path):
    pictures, out = tmp_path / "pictures", tmp_path / "out"
    pictures.mkdir()
    out.mkdir()
    watched.put(pictures, "before.png", png(1))
    first = source_of(str(pictures), watched.params(), None, out)
    before = given(first, 1)[0]
    watched.put(pictures, "between.png", png(2))
    second = source_of(str(pictures), watched.params(), state.State(stamp=before.stamp), out)
    assert [arrival.name for arrival in given(second, 1)] == ["between.png"]


def test_an_overwritten_picture_is_given_whenever_it_changes_also_while_it_is_missing_for_a_moment(tmp_path):
    path = tmp_path / "latest.png"
    source = FileSource(path, settle_s=0.05)
    with pytest.raises(Trouble, match="No such file"):
        source.poll()
    for number in range(3):
        path.write_bytes(png(number))
        os.utime(path, (1706770800 + number, 1706770800 + number))
        arrival = given(source, 1)[0]
        assert arrival.content == png(number)
        assert arrival.utc == datetime.fromtimestamp(1706770800 + number, UTC)
        assert source.poll() == []
        path.unlink()


class Web:
    """An HTTP server with one picture, whose headers and answers a test sets."""

    def __init__(self) -> None:
        self.content, self.etag, self.modified, self.status = png(1), '"1"', 1706770800.0, 200
        self.asked: list[dict[str, str]] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append(dict(self.headers))
                known = web.etag and self.headers.get("If-None-Match") == web.etag
                status = 304 if known else web.status
                self.send_response(status)
                if web.etag:
                    self.send_header("ETag", web.etag)
                self.send_header("Last-Modified", formatdate(web.modified, usegmt=True))
                self.send_header("Content-Length", "0" if status == 304 else str(len(web.content)))
                self.end_headers()
                if status != 304:
                    self.wfile.write(web.content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = serving(Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/sky/latest.png"


def serving(handler: Callable) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    web.server.shutdown()
    web.server.server_close()


def test_an_address_is_fetched_every_interval_and_only_sent_where_it_changed(web, monkeypatch):
    monkeypatch.setenv("AURORA_SOURCE_USER", "me")
    monkeypatch.setenv("AURORA_SOURCE_PASSWORD", "s3cret")
    source = AddressSource(web.address, 0.05)
    (arrival,) = given(source, 1)
    assert (arrival.name, arrival.content) == ("latest.png", png(1))
    assert arrival.utc == datetime.fromtimestamp(web.modified, UTC)
    watched.until(lambda: not source.poll() and len(web.asked) > 2)
    assert web.asked[-1]["If-None-Match"] == '"1"' and "If-Modified-Since" in web.asked[-1]
    assert web.asked[0]["Authorization"].startswith("Basic ")
    web.content, web.etag = png(2), '"2"'
    assert given(source, 1)[0].content == png(2)
    slow = AddressSource(web.address, 1000)
    given(slow, 1)
    asked = len(web.asked)
    assert slow.poll() == slow.poll() == [] and len(web.asked) == asked


def test_a_server_that_fails_or_is_gone_is_trouble_that_passes_and_tells_no_secret(web, monkeypatch):
    monkeypatch.setenv("AURORA_SOURCE_USER", "me")
    monkeypatch.setenv("AURORA_SOURCE_PASSWORD", "s3cret")
    source = AddressSource(web.address, 0)
    web.status = 503
    with pytest.raises(Trouble, match="latest.png: the server answers 503"):
        source.poll()
    web.status = 200
    assert given(source, 1)
    gone = AddressSource("http://127.0.0.1:9/x.jpg", 0)
    with pytest.raises(Trouble, match="ConnectError") as caught:
        gone.poll()
    assert "s3cret" not in str(caught.value)


@pytest.fixture(scope="module")
def live(tmp_path_factory) -> Iterator[tuple[str, list[str]]]:
    """A live HLS stream behind a password: its address, and the Authorization headers that came."""
    folder = tmp_path_factory.mktemp("hls")
    film = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=320x240:r=5", "-t", "12", "-c:v", "libx264"]
    subprocess.run(
        [*film, "-g", "5", "-f", "hls", "-hls_time", "2", "-hls_list_size", "0", folder / "live.m3u8"], check=True
    )
    heard: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))

        def do_GET(self) -> None:
            heard.append(self.headers.get("Authorization", ""))
            if heard[-1]:
                super().do_GET()
            else:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = serving(Handler)
    yield f"http://127.0.0.1:{server.server_address[1]}/live.m3u8", heard
    server.shutdown()
    server.server_close()


def test_a_stream_gives_a_picture_and_its_password_is_in_no_list_of_processes(live, monkeypatch):
    address, heard = live
    monkeypatch.setenv("AURORA_SOURCE_USER", "me")
    monkeypatch.setenv("AURORA_SOURCE_PASSWORD", "s3 cr/et'")
    commands: list[list[str]] = []
    real = subprocess.run
    monkeypatch.setattr(
        stream.subprocess, "run", lambda command, **how: commands.append(command) or real(command, **how)
    )
    source = source_of(address, watched.params(interval_s=1), None, Path("out"))
    assert isinstance(source, StreamSource) and source.is_asked
    (arrival,) = source.poll()
    with Image.open(io.BytesIO(arrival.content)) as image:
        assert image.format == "JPEG" and image.size == (320, 240)
    assert any(heard) and not any("s3" in part or "127" in part for part in commands[0])
    assert source.poll() == []


def test_a_stream_that_is_gone_is_trouble_and_a_playlist_reads_no_file_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.delenv("AURORA_SOURCE_USER", raising=False)
    with pytest.raises(Trouble, match="ffmpeg got no picture"):
        StreamSource("rtsp://127.0.0.1:9/live", 0).poll()
    secret = tmp_path / "private.jpg"
    secret.write_bytes(watched.picture("yes"))
    (tmp_path / "evil.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    )

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *_: object) -> None:
            pass

    server = serving(Handler)
    with pytest.raises(Trouble, match="ffmpeg got no picture"):
        StreamSource(f"http://127.0.0.1:{server.server_address[1]}/evil.m3u8", 0).poll()
    server.shutdown()
    server.server_close()


def test_sources_are_told_apart_and_wrong_ones_are_clear_errors(tmp_path):
    params, out = watched.params(), tmp_path / "out"
    assert isinstance(source_of("http://camera/x.jpg", params, None, out), AddressSource)
    assert isinstance(source_of("rtsp://camera/live", params, None, out), StreamSource)
    assert isinstance(source_of(str(tmp_path / "latest.jpg"), params, None, out), FileSource)
    assert isinstance(source_of(str(tmp_path), params, None, tmp_path.with_name("out")), FolderSource)
    with pytest.raises(ConfigError, match="would lie in the folder that is watched"):
        source_of(str(tmp_path), params, None, out)
    with pytest.raises(InputError, match="there is no such folder"):
        source_of(str(tmp_path / "nowhere"), params, None, out)
    with pytest.raises(ConfigError, match="'gopher' is no kind of address"):
        source_of("gopher://camera", params, None, out)
    with pytest.raises(ConfigError, match="must not hold user or password"):
        source_of("rtsp://me:word@camera/live", params, None, out)


def test_whole_files_are_known_by_their_end():
    jpeg = watched.picture("no")
    assert is_whole(jpeg) and is_whole(jpeg + b"\0" * 100) and is_whole(png(1)) and is_whole(b"BM...")
    assert not any(map(is_whole, (jpeg[:-2], jpeg[: len(jpeg) // 2], png(1)[:-12], b"")))
    assert [suffix_of(jpeg, "x"), suffix_of(png(1), "x.jpg"), suffix_of(b"?", "x.TIF"), suffix_of(b"?", "x")] == [
        *(".jpg", ".png", ".tif", ".img")
    ]
