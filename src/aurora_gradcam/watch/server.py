"""The page of the night and /metrics, over HTTP, for whoever holds the token."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets as random
import socket
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse, StreamingResponse

from ..tables.frames import SIMULATED_PREFIX
from ..web.guard import guard
from ..web.listening import is_loopback, listen
from ..web.page_files import give_page
from . import metrics
from .clip import BEST, CLIP, EVENTS
from .secrets import secret
from .watcher import Watcher

logger = logging.getLogger(__name__)

PAGE = Path(__file__).with_name("page")
TOKEN_FILE = ".token"  # noqa: S105  (the name of a file)
LOOK_S = 0.25
"""Between looks for something new to send."""
HEARTBEAT_S = 15.0
"""A comment after so long without news, so that both ends notice a lost connection."""
STREAMS = 32
"""Pages that are kept up to date at a time."""


def point(row: dict[str, Any]) -> list[Any]:
    """A row for the page: Unix time, P(yes), 1 while aurora is held true, cloud, status, line of the keogram."""
    p = row["p_aurora"]
    line = None if row["line"] is None else int(row["line"])
    p = None if p is None else round(p, 4)
    return [round(row["utc"].timestamp(), 1), p, int(row["aurora"] == "yes"), row["cloud"], row["status"], line]


class View:
    """What the page sees of a watcher that another thread runs."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.is_closing = False
        self._heat: tuple[object, bytes] | None = None
        self._heat_lock = threading.Lock()

    def night(self) -> dict[str, Any]:
        """The whole night."""
        watcher = self.watcher
        rows = list(watcher.night.rows)
        rule = watcher.rule
        return {
            "version": watcher.version,
            "now": watcher.now(),
            "rows": [point(row) for row in rows],
            "events": self.events(),
            "p_begin": rule.p_begin,
            "p_end": rule.p_end,
            "simulated": self._is_simulated(),
        }

    def _is_simulated(self) -> dict[str, bool]:
        name = str(self.watcher.now().get("source") or "")
        return {
            "model": bool(self.watcher.observer.classifier.card.is_simulated),
            "sky": name.startswith(SIMULATED_PREFIX) or self.watcher.camera.startswith(SIMULATED_PREFIX),
        }

    def events(self) -> list[dict[str, Any]]:
        """Tonight's events, the newest first, and which of their files are there."""
        state = self.watcher.state
        events = [*state.events, *([state.event] if state.event else [])]
        folder = self.watcher.folder / EVENTS
        return [
            {**event.row(), "has_best": (folder / event.name / BEST).exists(),
             "has_clip": (folder / event.name / CLIP).exists()}
            for event in reversed(events)
        ]  # fmt: skip

    def file_of(self, event: str, name: str) -> Path:
        """A file of one of tonight's events; nothing else can be asked for."""
        path = self.watcher.folder / EVENTS / event / name
        if event not in {row["name"] for row in self.events()} or not path.is_file():
            raise HTTPException(404, "there is no such picture")
        return path

    def picture(self) -> bytes:
        """The last usable picture."""
        if self.watcher.latest is None:
            raise HTTPException(404, "there is no picture yet")
        return self.watcher.latest[1]

    def heat(self) -> bytes:
        """Its heat map; made once a picture."""
        from .heat import heat_map  # it draws with matplotlib, which nothing else here needs

        latest = self.watcher.latest
        if latest is None:
            raise HTTPException(404, "there is no picture yet")
        with self._heat_lock:
            if self._heat is None or self._heat[0] is not latest:
                self._heat = (latest, heat_map(self.watcher.observer, latest[0]))
            return self._heat[1]

    def metrics(self) -> str:
        """For Prometheus."""
        outputs = {
            outbox.output.name: {
                "pending": len(outbox.pending()),
                "delivered": outbox.delivered,
                "failures": outbox.failures,
                "dropped": outbox.dropped,
            }
            for outbox in self.watcher.outboxes
        }
        return metrics.render(self.watcher.now(), dict(self.watcher.state.counts), outputs)


def build(view: View, token: str, port: int, is_network: bool = False) -> FastAPI:
    """The application; `token` opens it, and `port` is the one that it is reached at."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    guard(app, token, port, "watch", is_network)
    give_page(app, PAGE)
    streams = 0

    @app.get("/api/night")
    def night() -> dict[str, Any]:
        return view.night()

    @app.get("/api/stream")
    async def stream(request: Request) -> Response:
        if streams >= STREAMS:
            raise HTTPException(503, "too many pages are open")
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(news(request), media_type="text/event-stream", headers=headers)

    async def news(request: Request) -> AsyncIterator[str]:
        nonlocal streams
        streams += 1
        try:
            seen, quiet_s = -1, 0.0
            yield "retry: 2000\n\n"
            while not (view.is_closing or await request.is_disconnected()):
                if view.watcher.version != seen:
                    seen, quiet_s = view.watcher.version, 0.0
                    yield f"data: {json.dumps({'version': seen, 'now': view.watcher.now()})}\n\n"
                elif quiet_s >= HEARTBEAT_S:
                    quiet_s = 0.0
                    yield ": still here\n\n"
                await asyncio.sleep(LOOK_S)
                quiet_s += LOOK_S
        finally:
            streams -= 1

    @app.get("/latest.jpg")
    def latest() -> Response:
        return Response(view.picture(), media_type="image/jpeg")

    @app.get("/heat.jpg")
    def heat() -> Response:
        return Response(view.heat(), media_type="image/jpeg")

    @app.get("/keogram.png")
    def keogram() -> Response:
        return Response(view.watcher.night.keogram(), media_type="image/png")

    @app.get("/event/{name}/best.jpg")
    def best(name: str) -> Response:
        return FileResponse(view.file_of(name, BEST), media_type="image/jpeg")

    @app.get("/event/{name}/clip.mp4")
    def clip(name: str) -> Response:
        return FileResponse(view.file_of(name, CLIP), media_type="video/mp4")

    @app.get("/metrics", response_class=PlainTextResponse)
    def all_metrics() -> str:
        return view.metrics()

    return app


def token_of(out: Path) -> str:
    """AURORA_WATCH_TOKEN, or else one that is drawn once and kept in a file that its owner alone may read."""
    if token := secret("AURORA_WATCH_TOKEN"):
        return token
    path = out / TOKEN_FILE
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    token = random.token_urlsafe()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(token + "\n")
    return token


class Served:
    """A server in a thread of its own."""

    def __init__(self, app: FastAPI, listening: socket.socket, view: View) -> None:
        self._view = view
        view.is_closing = False
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; open pages lose their connection."""
        self._view.is_closing = True
        self._server.should_exit = True
        self._thread.join(5)


def start(watcher: Watcher, host: str, port: int, out: Path) -> Served:
    """Serve the page, and say where; on a terminal with the token, elsewhere, as in logs, without it.

    Raises
    ------
    ConfigError
        Address or port is not available.
    """
    token = token_of(out)
    listening = listen(port, host)
    port = listening.getsockname()[1]
    shown = "127.0.0.1" if is_loopback(host) else socket.gethostname() if host in ("0.0.0.0", "::") else host  # noqa: S104
    if sys.stdout.isatty():
        print(f"The night is on the page at\n  http://{shown}:{port}/?token={token}", flush=True)
    else:
        place = "AURORA_WATCH_TOKEN" if secret("AURORA_WATCH_TOKEN") else out / TOKEN_FILE
        logger.info(f"the page is at http://{shown}:{port}/?token=..., the token is that of {place}")
    view = View(watcher)
    return Served(build(view, token, port, not is_loopback(host)), listening, view)
