"""Who may talk to a page's server: whoever was given the token, by default on this machine, from the page itself."""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
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
TOKEN_HEADER = "X-Aurora-Token"  # noqa: S105  (the name of a header)
LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?")
BEARER = "Bearer "
HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:/\s]+)(:\d{1,5})?")
LONGEST_BODY = 4096  # bytes; an answer has about 80


def refused(detail: str, status: int = 403) -> JSONResponse:
    """An error as the page expects it."""
    return JSONResponse({"detail": detail}, status)


def _refusal_of_body(request: Request) -> Response | None:
    """A form of another page sends other types than JSON; a body without a length may have no end."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return refused("send application/json", 415)
    length = request.headers.get("content-length", "")
    if not re.fullmatch(r"\d{1,9}", length):
        return refused("send the length of the body", 411)
    return refused("the body is too large", 413) if int(length) > LONGEST_BODY else None


def is_own_name(host: str) -> bool:
    """Whether a Host is a number or this machine's own name: neither can be pointed here by a stranger's DNS."""
    if not (match := HOST.fullmatch(host)):
        return False
    name = match[1].strip("[]").lower()
    try:
        ipaddress.ip_address(name)
        return True
    except ValueError:
        own = socket.gethostname().lower()
        return name in ("localhost", own, own.partition(".")[0], f"{own.partition('.')[0]}.local")


def guard(app: FastAPI, token: str, port: int, command: str = "label", is_network: bool = False) -> None:
    """Refuse what does not come from whoever holds the token, and set the headers of every answer.

    A Host that is not this machine's loopback is refused because a web site may point its own name at 127.0.0.1 (DNS
    rebinding), an Origin other than the page's own because cookies are shared by all ports of a machine. The port is
    free: `ssh -L 9000:127.0.0.1:PORT` shows the page at another one. A large body is refused before it is read.

    Parameters
    ----------
    port
        The one that the page is reached at.
    command
        The `aurora` command that serves it.
    is_network
        Whether it is served to the network: then a Host may also be a number or this machine's name.
    """
    cookie = f"aurora_{command}_{port}"

    def is_token(text: str | None) -> bool:
        return secrets.compare_digest((text or "").encode(), token.encode())

    def refusal(request: Request) -> Response | None:
        """The answer to a request that goes no further."""
        host = request.headers.get("host", "")
        if not (LOOPBACK.fullmatch(host) or (is_network and is_own_name(host))):
            return refused("this server is for 127.0.0.1 only; from elsewhere, forward a port (ssh -L)")
        if request.headers.get("origin", f"http://{host}") != f"http://{host}":
            return refused("another page may not ask this server")
        if request.url.path == "/" and is_token(request.query_params.get("token")):
            entry = RedirectResponse("/", 303)  # so that the token leaves the address bar
            entry.set_cookie(cookie, token, httponly=True, samesite="strict", path="/")
            return entry
        bearer = request.headers.get("authorization", "").removeprefix(BEARER)
        if not any(
            is_token(given) for given in (request.cookies.get(cookie), request.headers.get(TOKEN_HEADER), bearer)
        ):
            return refused(f"open the address with its token, as `aurora {command}` printed it")
        return _refusal_of_body(request) if request.method not in ("GET", "HEAD") else None

    @app.middleware("http")
    async def check(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = refusal(request) or await answer(request)
        response.headers.update(HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
