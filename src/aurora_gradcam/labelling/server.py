"""The labelling page's server: HTTP around a session, for one browser on this machine."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, model_validator

from ..errors import AuroraError, of_system
from ..tables.kinds import KINDS
from ..web.guard import guard, refused
from ..web.page_files import give_page
from .journal import Answer, is_kind
from .session import Changed, Session, TooEarly

PAGE = Path(__file__).with_name("page")
PICTURE_CACHE = "private, max-age=600, immutable"
"""Long enough to go back and forth; short enough that frames cut anew are seen anew."""


class GivenAnswer(BaseModel):
    """An answer to one frame; `before` is the one that the page showed for it, null where there was none.

    Tools may leave `before` out, and then replace whatever answer there is.
    """

    frame_id: str
    answer: Answer
    before: Answer | None = None


class GivenKind(BaseModel):
    """What somebody says of a frame's cloud or form; an empty value takes it off. `before` as in `GivenAnswer`."""

    frame_id: str
    kind: Literal["cloud", "form"]
    value: str
    before: str | None = None

    @model_validator(mode="after")
    def known(self) -> GivenKind:
        """A value that the kind has."""
        if not is_kind(f"{self.kind}={self.value}"):
            raise ValueError(f"the {self.kind} is one of {', '.join(KINDS[self.kind])}, or empty")
        return self


class Undo(BaseModel):
    """A wish to take the newest answer back; `changes` is that of the state in which it was wished."""

    changes: int | None = None


def build(session: Session, token: str, port: int) -> FastAPI:
    """The application; `token` opens it, and `port` is the one that it is reached at."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    guard(app, token, port)
    _tell_errors(app)
    give_page(app, PAGE)

    def asked(frame_id: str) -> str:
        if frame_id not in session.questions:
            raise HTTPException(404, f"the frame '{frame_id}' is not asked for")
        return frame_id

    @app.get("/api/state")
    def state() -> dict[str, Any]:
        return session.state()

    @app.get("/api/questions")
    def questions() -> list[dict[str, Any]]:
        return session.question_list()

    @app.get("/picture/{frame_id}.jpg")
    def picture(frame_id: str) -> Response:
        if frame_id not in session.pictures.members:
            raise HTTPException(404, "no such picture")
        content = session.pictures.read(frame_id)
        return Response(content, media_type="image/jpeg", headers={"Cache-Control": PICTURE_CACHE})

    @app.get("/api/neighbours/{frame_id}")
    def neighbours(frame_id: str) -> dict[str, Any]:
        return session.neighbours(asked(frame_id))

    @app.post("/api/answers")
    def answer(given: GivenAnswer) -> dict[str, Any]:
        frame_id = asked(given.frame_id)
        if "before" in given.model_fields_set:
            session.replace(frame_id, given.before, given.answer)
        else:
            session.journal.add(frame_id, given.answer)
        return session.state()

    @app.post("/api/kinds")
    def kind(given: GivenKind) -> dict[str, Any]:
        session.replace(asked(given.frame_id), given.before, f"{given.kind}={given.value}")
        return session.state()

    @app.post("/api/undo")
    def undo(wish: Undo) -> dict[str, Any]:
        if wish.changes not in (None, session.journal.changes):  # a second tab changed answers, or it is done already
            return {"frame_id": None, "state": session.state()}
        frame_id = session.undo()
        if frame_id is None:
            raise HTTPException(409, "there is no answer to take back")
        return {"frame_id": frame_id, "state": session.state()}

    @app.get("/api/agreement")
    def agreement() -> dict[str, Any]:
        return session.agreement()

    @app.post("/api/finish")
    def finish() -> dict[str, Any]:
        written = session.collect().written[session.annotator]
        return {"written": written, "agreement": session.agreement() if session.done else None}

    return app


def _tell_errors(app: FastAPI) -> None:
    """Every error is {"detail": text}."""

    @app.exception_handler(RequestValidationError)
    def bad_request(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return refused(f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}", 422)

    @app.exception_handler(TooEarly)
    def too_early(_: Request, error: TooEarly) -> Response:
        return refused(str(error))

    @app.exception_handler(Changed)
    def changed(_: Request, error: Changed) -> Response:
        return refused(str(error), 409)

    @app.exception_handler(AuroraError)
    def failed(_: Request, error: AuroraError) -> Response:
        return refused(str(error), 500)

    @app.exception_handler(OSError)
    def failed_system(_: Request, error: OSError) -> Response:
        return refused(str(of_system(error)), 500)


def serve(app: FastAPI, listening: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM; then return."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=2
    )
    with suppress(KeyboardInterrupt):  # uvicorn raises it once more when all is shut down
        uvicorn.Server(config).run(sockets=[listening])
