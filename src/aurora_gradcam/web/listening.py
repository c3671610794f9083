"""Where a page's server listens."""

from __future__ import annotations

import ipaddress
import socket

from ..errors import ConfigError

LOOPBACK = "127.0.0.1"


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(port: int, host: str = LOOPBACK) -> socket.socket:
    """A socket that listens; port 0 takes a free one. ConfigError where address or port is not available."""
    try:
        (family, _, _, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(f"there is no address '{host}'", "--host", "give 127.0.0.1, or 0.0.0.0 for all") from error
    # asyncio turns Nagle's delay (40 ms an answer) off only where the protocol is named
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen()
    except OSError as error:
        listening.close()
        if host != LOOPBACK:
            fix = "give 0.0.0.0 for all addresses of this machine, or another --port"
            raise ConfigError(f"{host}, port {port} is not available: {error.strerror}", "--host", fix) from error
        fix = "leave --port out to take a free one"
        raise ConfigError(f"port {port} is not available: {error.strerror}", "--port", fix) from error
    return listening
