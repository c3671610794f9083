"""The watch itself: takes pictures as they come, decides, keeps the night's state, and tells the outputs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from ..config import Params
from ..files import atomic_write
from . import sleep, state
from .arrival import Arrival, Source, Trouble, suffix_of
from .clip import Studio, jpeg
from .decision import Change, decide, first_sight, forget, is_gap
from .event import STAMP, begin, iso
from .night import Night
from .observation import Observation, Observer, digest_of, sky_at, time_of
from .outbox import Message, Outbox, Output

logger = logging.getLogger(__name__)

POLL_S = 0.5
SAVE_AGAIN_S = 5.0
"""Between tries to write what could not be written."""
LATEST, PICTURES = "latest.jpg", "pictures"
SMALL = 480
"""Side of the picture that goes out over MQTT."""


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


class Watcher:
    """One camera's watch; all but `now` and what the page reads belongs to one thread.

    Parameters
    ----------
    folder
        Where the night's state, table, keogram, events and pictures lie.
    restored
        The state of an earlier run.
    """

    def __init__(
        self,
        source: Source,
        observer: Observer,
        params: Params,
        folder: Path,
        outputs: Sequence[Output] = (),
        restored: state.State | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.source, self.observer, self.params, self.rule, self.folder = source, observer, params, params.watch, folder
        self.clock = clock
        self.state = restored or state.State()
        self.night = Night(folder)
        if restored:
            self.night.restore()
        self.studio = Studio(folder, self.rule.window) if self.rule.clip else None
        if self.studio:
            self.studio.resume(self.state.event.name if self.state.event else "")
        self.outboxes = [Outbox(output, self.state.pending.get(output.name, []), self._left) for output in outputs]
        self.camera = self.rule.name or source.name
        self.latest: tuple[np.ndarray, bytes] | None = None
        self.version = 0
        self._last: Observation | None = None
        self._now: dict[str, Any] = {}
        self._trouble = ""
        self._failing = ""
        self._told_trouble = False
        self._usable_at = time.monotonic()
        self._dirty = threading.Event()
        self._try_at = 0.0
        self._said: set[str] = set()
        self._day: tuple[datetime, datetime] | None = None
        self._renew()

    # the loop

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set; then deliver what can be delivered and save."""
        for outbox in self.outboxes:
            outbox.start()
        while not stop.is_set():
            self.turn()
            stop.wait(POLL_S)
        for outbox in self.outboxes:
            outbox.stop()
        if self.studio:
            self.studio.close()
        self._try_at = 0.0
        self._save()

    def turn(self) -> None:
        """One look at the source."""
        arrivals: list[Arrival] = []
        if not (self.source.is_asked and self._is_day()):
            try:
                arrivals = self.source.poll()
            except Trouble as trouble:
                self._fails(str(trouble))
            else:
                if self._failing and arrivals:
                    logger.info(f"{self.camera}: pictures come again")
                    self._failing = ""
        for arrival in arrivals:
            try:
                self.take(arrival)
            except Exception as error:  # one picture, whatever is wrong with it, must not end the watch
                logger.warning(f"{arrival.name} is left out: {type(error).__name__}: {error}")
                self._count("failed")
        self._check_silence()
        if self._dirty.is_set():
            self._save()

    def _fails(self, why: str) -> None:
        if not self._failing:
            logger.warning(f"{why}; it is asked again and again")
        self._failing = why

    def _is_day(self) -> bool:
        """Whether the Sun is too high for a source that must be asked, by this machine's clock."""
        now = self.clock()
        if self._day and self._day[0] <= now < self._day[1]:
            return True
        altitude = sky_at(now, self.params)["sun_altitude"]
        self._day = None
        if altitude <= self.rule.sun_max:
            if self.state.is_asleep:
                self._wake()
            return False
        dusk = sleep.next_dusk(now, self.params)
        self._day = (now, dusk) if dusk else (now, now + timedelta(hours=sleep.AHEAD_H))
        self._sleep(now, altitude)
        return True

    # one picture

    def take(self, arrival: Arrival) -> None:
        """Deal with one picture."""
        self.state.stamp = max(self.state.stamp, arrival.stamp)
        self._dirty.set()
        digest = digest_of(arrival.content)
        if digest in self.state.digests:
            self._count("repeated")
            return
        self.state.digests = [*self.state.digests, digest][-state.DIGESTS :]
        utc, time_status = time_of(arrival, self.params)
        sky = sky_at(utc, self.params)
        if sky["sun_altitude"] > self.rule.sun_max:
            self._count("asleep")
            self._sleep(utc, sky["sun_altitude"])
            return
        if self.state.is_asleep:
            self._wake()
        self._turn_of_night(utc)
        observation, frame = self.observer.observe(arrival, utc, time_status, sky)
        self._count(observation.status)
        self._last = observation
        if observation.p_aurora is not None and frame is not None:
            self._decide(observation, frame)
        else:
            self._unusable(observation)
        event = self.state.event
        self.night.add(observation, frame, self.state.decision.is_aurora, event.name if event else "")
        self._renew()
        self._save()
        self._keep(arrival, utc)
        self._show(frame)

    def _decide(self, observation: Observation, frame: np.ndarray) -> None:
        utc, state_ = observation.utc, self.state
        if state_.last_utc and is_gap(state_.last_utc, utc, self.rule):
            self._forget(state_.last_utc)
        before = state_.decision
        state_.decision, change = decide(before, utc, observation.p_aurora or 0.0, self.rule)
        state_.last_utc, self._usable_at = utc, time.monotonic()
        if self._told_trouble:
            self._tell_trouble_over()
        if change is Change.BEGINS:
            event = begin(first_sight(before, utc, self.rule), observation)
            while event.name in {other.name for other in state_.events}:  # the clock was set back
                event = replace(event, name=f"{event.name}b")
            state_.event = event
            self._count("events")
            self._studio(lambda studio, name: studio.begin(name, state_.event.began if state_.event else utc))
            self._studio(lambda studio, name: studio.best(name, frame))
            self._tell(change, f"{state_.event.name}-begins", utc)
        elif state_.event:
            state_.event, is_best = state_.event.seen(observation)
            if is_best:
                self._studio(lambda studio, name: studio.best(name, frame))
        self._studio(lambda studio, name: studio.picture(name, frame, utc))
        if change is Change.ENDS:
            self._end(utc)

    def _unusable(self, observation: Observation) -> None:
        self._trouble = f"the pictures are {observation.status}: {observation.reason}"

    def _forget(self, utc: datetime) -> None:
        """Nothing is known of the sky after `utc`."""
        self.state.decision, change = forget(self.state.decision)
        if change is Change.ENDS:
            self._end(utc)

    def _end(self, utc: datetime) -> None:
        if self.state.event is None:
            return
        event = replace(self.state.event, ended=utc)
        self.state.event = event
        self._tell(Change.ENDS, f"{event.name}-ends", utc)
        self.state.events = [*self.state.events, event][-state.EVENTS :]
        self.state.event = None
        if self.studio:
            self.studio.end(event.name)

    # day and night

    def _sleep(self, utc: datetime, altitude: float) -> None:
        if self.state.is_asleep:
            return
        self._forget(self.state.last_utc or utc)
        self.state.is_asleep, self._trouble, self._told_trouble = True, "", False
        dusk = sleep.next_dusk(utc, self.params)
        until = f"until {dusk:%Y-%m-%d %H:%M} UTC" if dusk else f"for more than {sleep.AHEAD_H} hours"
        logger.info(f"{self.camera}: asleep {until}: the Sun stands at {altitude:.2f}°, above {self.rule.sun_max:g}°")
        self._renew()
        self._show(None)
        self._dirty.set()

    def _wake(self) -> None:
        self.state.is_asleep, self._usable_at = False, time.monotonic()
        logger.info(f"{self.camera}: awake: the Sun is below {self.rule.sun_max:g}°")
        self._renew()
        self._dirty.set()

    def _turn_of_night(self, utc: datetime) -> None:
        night = state.night_of(utc, self.params.site.longitude)
        if night == self.state.night:
            return
        if self.state.night:
            self._forget(self.state.last_utc or utc)
            self._guarded("the tables of last night", lambda: self.night.close(self.state.night))
        self.state.night, self.state.events, self.state.kept_utc = night, [], None

    def _check_silence(self) -> None:
        """Whether no usable picture has come for too long, while it is dark by this machine's clock."""
        silent_s = time.monotonic() - self._usable_at
        if silent_s < self.rule.max_gap_s or self._told_trouble or self.state.is_asleep:
            return
        if sky_at(self.clock(), self.params)["sun_altitude"] > self.rule.sun_max:
            return
        self._told_trouble = True
        reason = self._failing or self._trouble or "no pictures come"
        self._forget(self.state.last_utc or self.clock())
        now = self.clock()
        self._tell(
            "trouble", f"trouble-{now:{STAMP}}", now, f"no usable picture for {silent_s / 60:.0f} minutes: {reason}"
        )
        logger.warning(f"{self.camera}: no usable picture for {silent_s / 60:.0f} minutes: {reason}")
        self._renew()
        self._dirty.set()

    def _tell_trouble_over(self) -> None:
        self._told_trouble, self._trouble = False, ""
        now = self.clock()
        self._tell("trouble_over", f"trouble-over-{now:{STAMP}}", now, "usable pictures come again")

    # who is told

    def _tell(self, kind: str, identity: str, utc: datetime, text: str = "") -> None:
        last = self._last
        message: Message = {
            "id": identity,
            "kind": str(kind),
            "camera": self.camera,
            "utc": iso(utc),
            "p_aurora": round(last.p_aurora, 4) if last and last.p_aurora is not None else None,
            "cloud": last.cloud if last else "",
            "strength": last.strength if last else None,
            "event": self.state.event.row() if self.state.event else None,
            "text": text,
        }
        logger.info(f"{self.camera}: {kind} {identity}")
        for outbox in self.outboxes:
            outbox.add(message)
        self._dirty.set()

    def now(self) -> dict[str, Any]:
        """The newest state, for outputs and page."""
        return self._now

    def _renew(self) -> None:
        last, event, decided = self._last, self.state.event, self.state.decision.is_aurora
        name = "asleep" if self.state.is_asleep else "watching" if last else "waiting"
        if last and last.status != "ok" and not self.state.is_asleep:
            name = last.status
        p = last.p_aurora if last else None
        self._now = {
            "camera": self.camera,
            "state": name,
            "reason": last.reason if last else "",
            "aurora": "yes" if decided else "no",
            "since": iso(event.began) if event else None,
            "p_aurora": p,
            "p_percent": None if p is None else round(100 * p, 2),
            "utc": iso(last.utc) if last else None,
            "picture_time": last.utc.timestamp() if last else None,
            "source": last.source if last else "",
            "cloud": (last.cloud or None) if last else None,
            "p_cloud": last.kinds.get("p_cloud") if last else None,
            "form": last.kinds.get("form") if last else None,
            "strength": last.strength if last else None,
            "trouble": "yes" if self._told_trouble else "no",
            "night": self.state.night,
            **(last.sky if last else {}),
        }
        self.version += 1

    def _show(self, frame: np.ndarray | None) -> None:
        """Hand the newest state out, and the picture where there is a usable one."""
        small = b""
        if frame is not None:
            self.latest = (frame, jpeg(frame))
            self._guarded("the latest picture", self._write_latest)
            step = max(1, len(frame) // SMALL)
            small = jpeg(np.ascontiguousarray(frame[::step, ::step]))
        self.version += 1
        for outbox in self.outboxes:
            outbox.output.tell(self._now, small)

    # files

    def _write_latest(self) -> None:
        if self.latest:
            with atomic_write(self.folder / LATEST) as temporary:
                temporary.write_bytes(self.latest[1])

    def _keep(self, arrival: Arrival, utc: datetime) -> None:
        kept = self.state.kept_utc
        if not self.rule.keep_s or (kept and abs((utc - kept).total_seconds()) < 0.9 * self.rule.keep_s):
            return
        self.state.kept_utc = utc.replace(microsecond=0)
        name = f"{utc:{STAMP}}{suffix_of(arrival.content, arrival.name)}"

        def write() -> None:
            with atomic_write(self.folder / PICTURES / self.state.night / name) as temporary:
                temporary.write_bytes(arrival.content)

        self._guarded("pictures", write)

    def _studio(self, act: Callable[[Studio, str], None]) -> None:
        if self.studio:
            studio, name = self.studio, self.state.event.name if self.state.event else ""
            self._guarded("pictures of events", lambda: act(studio, name))

    def _save(self) -> None:
        """Write state and table; where that fails all stays in memory and is tried again."""
        if time.monotonic() < self._try_at:
            return
        self._dirty.clear()
        self.state.pending = {outbox.output.name: outbox.pending() for outbox in self.outboxes}

        def write() -> None:
            state.save(self.state, self.folder)
            self.night.write()

        if not self._guarded("the night's state", write):
            self._dirty.set()
            self._try_at = time.monotonic() + SAVE_AGAIN_S

    def _guarded(self, what: str, write: Callable[[], None]) -> bool:
        """Whether `write` succeeded; a failure is told once, until it succeeds again."""
        try:
            write()
        except OSError as error:
            if what not in self._said:
                logger.warning(f"{what} cannot be written: {error.strerror or error}; the watch goes on without")
                self._said.add(what)
            return False
        if what in self._said:
            self._said.discard(what)
            logger.info(f"{what} can be written again")
        return True

    def _left(self) -> None:
        self._dirty.set()

    def _count(self, name: str) -> None:
        self.state.counts[name] = self.state.counts.get(name, 0) + 1
