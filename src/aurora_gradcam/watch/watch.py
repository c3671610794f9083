"""`aurora watch`: everything put together, from the source's name to the page."""

from __future__ import annotations

import logging
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .. import memory
from ..config import Params
from ..errors import ConfigError, InputError
from ..files import make_out
from ..locks import Held, lock, open_lock_file
from ..prediction import classifier
from ..prediction.circles import Choice
from . import state
from .arrival import Source
from .night import TABLE
from .observation import Observer
from .outbox import Output
from .secrets import refuse_in_address, secret
from .watcher import Watcher

logger = logging.getLogger(__name__)

STREAMS = ("rtsp", "rtsps", "rtmp")
LOCK = ".lock"


@dataclass(frozen=True)
class Job:
    """The options of one run; `port` None: no page."""

    source: str
    out: Path
    params: Params
    model: Path
    circle: Choice = None
    host: str = "127.0.0.1"
    port: int | None = 0


def source_of(text: str, params: Params, restored: state.State | None, out: Path) -> Source:
    """The source that a path or an address names.

    Raises
    ------
    ConfigError
        An address with a password in it, or of no kind that is known.
    InputError
        There is no such folder, nor a folder for such a file.
    """
    scheme = urlsplit(text).scheme.lower() if "://" in text else ""
    if scheme:
        refuse_in_address(text, "SOURCE")
        if not urlsplit(text).hostname:
            raise ConfigError(
                "there is no server in this address", text, "write it like https://camera.example/sky.jpg"
            )
        if scheme in STREAMS or urlsplit(text).path.lower().endswith(".m3u8"):
            from .stream import StreamSource

            return StreamSource(text, params.watch.interval_s)
        if scheme in ("http", "https"):
            from .address import AddressSource

            return AddressSource(text, params.watch.interval_s)
        fix = "give a folder, a picture, or an address of http, https, rtsp or rtmp"
        raise ConfigError(f"'{scheme}' is no kind of address that is watched", "SOURCE", fix)
    from .local import FileSource, FolderSource

    path = Path(text)
    if path.is_dir():
        if path.resolve() == out.resolve() or path.resolve() in out.resolve().parents:
            fix = "give another folder by --out"
            raise ConfigError("the results would lie in the folder that is watched", out, fix)
        if restored is None:
            return FolderSource(path)
        rows = _names_of_tonight(out)
        return FolderSource(path, lambda name, stamp: name in rows or stamp <= restored.stamp)
    if path.is_file() or (path.suffix and path.parent.is_dir()):
        return FileSource(path)
    raise InputError("there is no such folder", path, "give the folder that the camera's program fills")


def _names_of_tonight(out: Path) -> set[str]:
    from .night import Night

    night = Night(out)
    night.restore()
    return {row["source"] for row in night.rows}


def outputs_of(params: Params, camera: str) -> list[Output]:
    """Those outputs that params or environment ask for."""
    outputs: list[Output] = []
    rule = params.watch
    if rule.mqtt.host:
        from .mqtt import Broker

        outputs.append(Broker(rule.mqtt, camera))
    if address := secret("AURORA_WEBHOOK_URL"):
        if urlsplit(address).scheme not in ("http", "https"):
            raise ConfigError("this is no http or https address", "AURORA_WEBHOOK_URL", "set the webhook's address")
        from .webhook import Webhook

        outputs.append(Webhook(address, rule.webhook))
    if rule.command:
        from .command import Command

        outputs.append(Command(rule.command))
    return outputs


def run(job: Job) -> None:
    """Watch until Ctrl-C or SIGTERM.

    Raises
    ------
    ConfigError, InputError
        Before the watch begins, wherever the fault can be seen then.
    """
    _check_out(job.out)
    held = open_lock_file(job.out / LOCK)
    try:
        lock(held, job.out / LOCK)
    except Held as error:
        raise ConfigError("another `aurora watch` works in this folder", job.out, "give another by --out") from error
    restored = state.load(job.out)
    source = source_of(job.source, job.params, restored, job.out)
    observer = Observer(classifier.load(job.model), job.params, job.circle)
    memory.trim()
    camera = job.params.watch.name or source.name
    watcher = Watcher(source, observer, job.params, job.out, outputs_of(job.params, camera), restored)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    page = None
    if job.port is not None:
        from . import server

        page = server.start(watcher, job.host, job.port, job.out)
    logger.info(f"watching {source.name}; results in {job.out}")
    if restored:
        logger.info(f"going on with the night {restored.night or '(none yet)'}")
    watcher.run(stop)
    if page:
        page.stop()


def _check_out(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError("this is a file and no folder", out, "give another folder by --out")
    if (out / TABLE).exists() and not (out / state.STATE).exists():
        raise InputError("there is a tonight.csv of something else here", out, "give another folder by --out")
    make_out(out)
