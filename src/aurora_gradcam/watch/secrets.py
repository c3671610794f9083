"""Passwords, tokens and secret addresses: from the environment, or from a file that it names; never from options."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import ConfigError

NAMES = (
    "AURORA_SOURCE_USER",
    "AURORA_SOURCE_PASSWORD",
    "AURORA_MQTT_USER",
    "AURORA_MQTT_PASSWORD",
    "AURORA_WEBHOOK_URL",
    "AURORA_WEBHOOK_TOKEN",
    "AURORA_WATCH_TOKEN",
)
"""All that there are; each may have _FILE behind it."""


def secret(name: str) -> str:
    """The value of an environment variable, or the first line of the file that NAME_FILE names; empty where neither is.

    Raises
    ------
    ConfigError
        The file cannot be read.
    """
    if value := os.environ.get(name, ""):
        return value
    path = os.environ.get(f"{name}_FILE", "")
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ConfigError(f"the secret cannot be read: {reason}", f"{name}_FILE={path}", "check the file") from error


def environment_without() -> dict[str, str]:
    """The environment for programs that need none of the secrets."""
    hidden = {name for each in NAMES for name in (each, f"{each}_FILE")}
    return {name: value for name, value in os.environ.items() if name not in hidden}


def refuse_in_address(address: str, where: str) -> None:
    """A ConfigError where an address holds a user or password: others could read it in the list of processes."""
    if "@" in urlsplit(address).netloc:
        fix = "leave them out, and set AURORA_SOURCE_USER and AURORA_SOURCE_PASSWORD, or the same with _FILE"
        raise ConfigError("an address must not hold user or password", where, fix)
