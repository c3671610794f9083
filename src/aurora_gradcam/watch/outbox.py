"""Messages on their way to one output: kept until they are delivered, however long the other end is dead."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

logger = logging.getLogger(__name__)

Message = dict[str, Any]
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
KEPT = 500
"""Messages that wait for one output at most; the oldest go first, with a warning."""


class Undelivered(Exception):
    """A message did not reach the other end; the text says why, without secrets.

    Parameters
    ----------
    wait_s
        Seconds that the other end asks to wait; 0: it does not say.
    is_final
        Whether another try is of no use.
    """

    def __init__(self, why: str, wait_s: float = 0.0, is_final: bool = False) -> None:
        super().__init__(why)
        self.wait_s, self.is_final = wait_s, is_final


class Output(Protocol):
    """Where messages go."""

    name: str

    def deliver(self, message: Message) -> None:
        """Bring one message to the other end; returns once it is there. Raises Undelivered."""
        ...

    def tell(self, now: dict[str, Any], picture: bytes) -> None:
        """The newest state, and its picture as JPEG; it may get lost, as the next one follows. Must not wait."""
        ...

    def close(self) -> None:
        """End what is open."""
        ...


class Outbox:
    """A thread that delivers messages in their order, each until it succeeds.

    Parameters
    ----------
    pending
        Messages of an earlier run.
    on_change
        Called, from the thread, after a message has left.
    """

    def __init__(
        self, output: Output, pending: list[Message], on_change: Callable[[], None], first_wait_s: float = FIRST_WAIT_S
    ) -> None:
        self.output, self._on_change, self._first_wait_s = output, on_change, first_wait_s
        self._pending, self._lock = list(pending), threading.Condition()
        self._stopped = False
        self.delivered = self.failures = self.dropped = 0
        self._thread = threading.Thread(target=self._work, name=f"outbox-{output.name}", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def add(self, message: Message) -> None:
        """Deliver a message after those that wait."""
        with self._lock:
            self._pending.append(message)
            if len(self._pending) > KEPT:
                del self._pending[0]
                self.dropped += 1
                logger.warning(f"{self.output.name}: {KEPT} messages wait; the oldest is given up")
            self._lock.notify()

    def pending(self) -> list[Message]:
        """What waits."""
        with self._lock:
            return list(self._pending)

    def stop(self, wait_s: float = 5.0) -> None:
        """Deliver what can be delivered at once, then end; the rest stays pending."""
        ends = time.monotonic() + wait_s
        while self.pending() and not self.failures_in_a_row and time.monotonic() < ends:
            time.sleep(0.05)
        with self._lock:
            self._stopped = True
            self._lock.notify()
        self._thread.join(wait_s)
        self.output.close()

    failures_in_a_row = 0

    def _work(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._pending or self._stopped)
                if self._stopped:
                    return
                message = self._pending[0]
            try:
                self.output.deliver(message)
            except Undelivered as error:
                self._failed(message, error)
            except Exception as error:  # an output's fault must not end the watch
                self._failed(message, Undelivered(type(error).__name__))
            else:
                if self.failures_in_a_row:
                    logger.info(f"{self.output.name}: it takes messages again")
                self.failures_in_a_row, self.delivered = 0, self.delivered + 1
                self._remove(message)

    def _failed(self, message: Message, error: Undelivered) -> None:
        self.failures += 1
        if error.is_final:
            logger.warning(f"{self.output.name}: it refuses a message, which is given up: {error}")
            self.dropped += 1
            self._remove(message)
            return
        if not self.failures_in_a_row:
            logger.warning(f"{self.output.name}: {error}; messages wait until it is back")
        self.failures_in_a_row += 1
        longest = min(LONGEST_WAIT_S, self._first_wait_s * 2.0 ** min(self.failures_in_a_row - 1, 16))
        wait_s = max(error.wait_s, random.uniform(longest / 2, longest))  # noqa: S311  (spreads tries, guards nothing)
        with self._lock:
            self._lock.wait_for(lambda: self._stopped, wait_s)

    def _remove(self, message: Message) -> None:
        with self._lock:
            if self._pending and self._pending[0] is message:
                del self._pending[0]
        self._on_change()
