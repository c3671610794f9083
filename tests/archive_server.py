"""A video archive on this machine: a real HTTP server with files in memory, which misbehaves as it is told to."""

from __future__ import annotations

import email.utils
import hashlib
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 1 << 16


@dataclass
class File:
    """What lies at a path, and how it is served; every list is used up from its front, a request an entry.

    breaks : bytes after which an answer breaks off. stalls : bytes after which it stops coming. None: neither.
    statuses : (status, headers) instead of the file. versions : contents that the file changes to, one a request.
    says : Content-Length other than the true one; -1: none is sent.
    """

    content: bytes = b""
    content_type: str = "video/mp4"
    breaks: list[int | None] = field(default_factory=list)
    stalls: list[int | None] = field(default_factory=list)
    statuses: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    versions: list[bytes] = field(default_factory=list)
    takes_ranges: bool = True
    minds_if_range: bool = True
    etag: str | None = None
    """None: by the content; "": no ETag."""
    last_modified: str = ""
    says: int | None = None
    redirect: str = ""
    slow: float = 0.0
    """Seconds before the answer."""

    def tag(self) -> str:
        return f'"{hashlib.md5(self.content).hexdigest()}"' if self.etag is None else self.etag


@dataclass
class Request:
    """What the server saw."""

    path: str
    headers: dict[str, str]
    status: int = 0
    at: float = 0.0


@dataclass
class Archive:
    """Files by path, the requests so far, and the most of them that were answered at one time."""

    url: str = ""
    files: dict[str, File] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    most_at_once: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    in_flight: int = 0

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def ranges(self, path: str) -> list[str | None]:
        """The Range of every request for a path."""
        return [request.headers.get("range") for request in self.asked(path)]

    def statuses(self, path: str) -> list[int]:
        return [request.status for request in self.asked(path)]


def _next(entries: list):
    return entries.pop(0) if entries else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    archive: Archive

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        archive = self.archive
        request = Request(self.path, {key.lower(): value for key, value in self.headers.items()}, at=time.monotonic())
        with archive.lock:
            archive.requests.append(request)
            archive.in_flight += 1
            archive.most_at_once = max(archive.most_at_once, archive.in_flight)
        try:
            self.answer(archive.files.get(self.path), request)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with archive.lock:
                archive.in_flight -= 1

    def head(self, request: Request, status: int, headers: dict[str, str]) -> None:
        request.status = status
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()

    def answer(self, file: File | None, request: Request) -> None:
        if file is None:
            return self.head(request, 404, {"Content-Length": "0"})
        if file.slow:
            self.archive.closing.wait(file.slow)
        if file.redirect:
            return self.head(request, 302, {"Location": file.redirect, "Content-Length": "0"})
        if instead := _next(file.statuses):
            return self.head(request, instead[0], {"Content-Length": "0"} | instead[1])
        if (version := _next(file.versions)) is not None:
            file.content = version
        start, status, size = 0, 200, len(file.content)
        headers = {"Content-Type": file.content_type, "ETag": file.tag(), "Last-Modified": file.last_modified}
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        same = request.headers.get("if-range") in (None, file.tag(), file.last_modified)
        if asked and file.takes_ranges and (same or not file.minds_if_range):
            start, status = int(asked[1]), 206
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
            if start >= size:
                return self.head(request, 416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"})
        length = size - start if file.says is None else file.says
        headers |= {"Content-Length": str(length)} if length >= 0 else {"Connection": "close"}
        self.head(request, status, {key: value for key, value in headers.items() if value})
        self.send(file, file.content[start:], _next(file.breaks), _next(file.stalls), length)

    def send(self, file: File, body: bytes, breaks: int | None, stalls: int | None, length: int) -> None:
        upto = next((limit for limit in (breaks, stalls) if limit is not None), len(body))
        for place in range(0, min(upto, len(body)), PIECE):
            self.wfile.write(body[place : min(place + PIECE, upto)])
            self.wfile.flush()
        if stalls is not None:
            self.archive.closing.wait(30)
        if breaks is not None or stalls is not None or length != len(body):
            self.close_connection = True


@contextmanager
def started() -> Iterator[Archive]:
    """An archive at a free port of this machine."""
    archive = Archive()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"archive": archive}))
    server.daemon_threads = True
    archive.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield archive
    finally:
        archive.closing.set()
        server.shutdown()
        server.server_close()


def date(stamp: float) -> str:
    """A time in seconds as HTTP dates it."""
    return email.utils.formatdate(stamp, usegmt=True)
