"""Who may talk to the labelling server: the browser that was given the token, on this machine, from the page itself."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
TOKEN_HEADER = "X-Aurora-Token"


def refused(detail: str, status: int = 403) -> JSONResponse:
    """An error as the page expects it."""
    return JSONResponse({"detail": detail}, status)


def guard(app: FastAPI, token: str, port: int) -> None:
    """Refuse what does not come from the browser that holds the token, and set the headers of every answer.

    A foreign Host is refused because a web site may point its own name at 127.0.0.1 (DNS rebinding), a foreign Origin
    because cookies are shared by all ports of a machine.
    """
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
    origins = {f"http://{host}" for host in hosts}
    cookie = f"aurora_label_{port}"

    def right(given: str | None) -> bool:
        return secrets.compare_digest((given or "").encode(), token.encode())

    def refusal(request: Request) -> Response | None:
        """The answer to a request that goes no further."""
        if request.headers.get("host") not in hosts:
            return refused("this server is for 127.0.0.1 only")
        if request.headers.get("origin", f"http://127.0.0.1:{port}") not in origins:
            return refused("another page may not ask this server")
        if request.url.path == "/" and right(request.query_params.get("token")):
            entry = RedirectResponse("/", 303)  # so that the token leaves the address bar
            entry.set_cookie(cookie, token, httponly=True, samesite="strict", path="/")
            return entry
        if not (right(request.cookies.get(cookie)) or right(request.headers.get(TOKEN_HEADER))):
            return refused("open the address with its token, as `aurora label` printed it")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method == "POST" and kind != "application/json":
            return refused("send application/json", 415)
        return None

    @app.middleware("http")
    async def checked(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        response = refusal(request) or await go_on(request)
        response.headers.update(HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
