"""A program of one's own, called with every message."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from ..processes import end_with_parent
from .event import text_of
from .outbox import Message, Undelivered
from .secrets import environment_without

TIMEOUT_S = 120.0


class Command:
    """Gives the message as JSON on standard input, and its kind and text as AURORA_KIND and AURORA_TEXT.

    It is called again where it fails, until it ends with status 0.
    """

    name = "command"

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)

    def deliver(self, message: Message) -> None:
        """Call the program and wait for it."""
        environment = environment_without() | {"AURORA_KIND": message["kind"], "AURORA_TEXT": text_of(message)}
        try:
            done = subprocess.run(
                self._command,
                input=json.dumps({**message, "text": text_of(message)}).encode(),
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=TIMEOUT_S,
                check=False,
                preexec_fn=end_with_parent,
            )
        except subprocess.TimeoutExpired:
            raise Undelivered(f"it did not end within {TIMEOUT_S:g} s") from None
        except OSError as error:
            raise Undelivered(f"it cannot be started: {error.strerror}") from None
        if done.returncode:
            raise Undelivered(f"it ended with status {done.returncode}")

    def tell(self, now: dict[str, Any], picture: bytes) -> None:
        """Nothing: a program is called for messages."""

    def close(self) -> None:
        """Nothing is open."""
