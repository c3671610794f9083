"""What `aurora label` does and prints in the terminal."""

from __future__ import annotations

import getpass
import logging
import secrets
import signal
import threading
import webbrowser
from contextlib import suppress
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ..config import Params
from ..errors import ConfigError
from ..tables.labels import LABELS_FILE
from ..web.listening import listen
from . import server
from .agreement import agreement
from .collect import Collected, collect
from .questions import Order
from .session import Session, Wish, known_frames, start

logger = logging.getLogger(__name__)


def user_name() -> str:
    """The system's name of the user."""
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        raise ConfigError("this system names no user", "--annotator", "give --annotator NAME") from error


def collect_only(params: Params) -> None:
    """Bring the labels file up to date, and print how far annotators agree."""
    _, known = known_frames(params)
    collected = collect(known)
    print_collected(collected)
    print_agreement(agreement(collected.answers, params.seed, collected.kinds))


def label(params: Params, annotator: str, order: Order, wish: Wish, port: int, open_browser: bool) -> None:
    """Serve the labelling page until Ctrl-C, then collect."""
    session = start(params, annotator, order, wish)
    if session is None:
        print(_nothing_to_label(annotator, wish))
        return
    if session.journal.recovered:
        logger.warning(session.journal.recovered)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped like this, too, it collects
    with listen(port) as listening, suppress(KeyboardInterrupt):
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe()
        print_address(session, f"http://127.0.0.1:{port}/?token={token}", open_browser)
        server.serve(server.build(session, token, port), listening)
    state = session.state()
    print(f"\n{annotator}: {state['answered']} of {state['total']} frames answered, kept in {session.journal.path}.")
    print_collected(session.collect())
    if state["done"]:
        print_agreement(session.agreement())
    print("Next: dvc repro")


def _nothing_to_label(annotator: str, wish: Wish) -> str:
    if wish.review:
        return f"Nothing to review: {annotator} has answered no frame."
    hint = "" if wish.again else "; --again asks for those that others have labelled, --review for your own"
    return f"Nothing to label: every frame of the sample has its label{hint}."


def print_address(session: Session, address: str, open_browser: bool) -> None:
    """Print where the page is; the address alone on its line, to be copied or clicked."""
    state = session.state()
    print(f"{session.annotator}: {state['answered']} of {state['total']} frames answered. Label in your browser at")
    print(f"  {address}")
    print("Every answer is kept at once; Ctrl-C stops.", flush=True)
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()  # some browsers do not return


def print_collected(collected: Collected) -> None:
    """How many labels the journals gave, and how many answers have no frame any more."""
    each = ", ".join(f"{name} {count}" for name, count in collected.written.items())
    print(f"Labels in {LABELS_FILE} from journals: {each or 'none'}.")
    if collected.unknown:
        print(
            f"{collected.unknown} answers are to frames that are in no frames table; they stay in their journals only."
        )


def print_agreement(measured: dict[str, Any]) -> None:
    """A table of each pair's agreement."""
    if not measured["pairs"]:
        print("No two annotators have labelled the same frame.")
        return
    table = Table(
        title="Who agrees with whom; kappa with its 95 % interval over nights", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    table.add_column("first, second", overflow="fold")
    for name in ("frames", "both\nyes", "both\nno", "first\nyes", "second\nyes", "agree", "kappa"):
        table.add_column(name, justify="right", no_wrap=True)
    for pair in measured["pairs"]:
        counts = (pair[key] for key in ("frames", "both_yes", "both_no", "first_only_yes", "second_only_yes"))
        names = f"{pair['first']}, {pair['second']}"
        table.add_row(names, *map(str, counts), f"{pair['agreement']:.1%}", _kappa(pair))
    Console().print(table)
    for kind, pairs in measured["kinds"].items():
        _print_kind(kind, pairs)
    if measured["unsure"]:
        print(f"{measured['unsure']} answers were unsure; they count on neither side.")


def _print_kind(kind: str, pairs: list[dict[str, Any]]) -> None:
    """A table of each pair's agreement on cloud or form."""
    table = Table(title=f"The same of {kind}", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("first, second", overflow="fold")
    for name in ("frames", "agree", "kappa"):
        table.add_column(name, justify="right", no_wrap=True)
    for pair in pairs:
        names = f"{pair['first']}, {pair['second']}"
        table.add_row(names, str(pair["frames"]), f"{pair['agreement']:.1%}", _kappa(pair))
    Console().print(table)


def _kappa(pair: dict[str, Any]) -> str:
    if pair["kappa"] is None:
        return "-"
    return (
        f"{pair['kappa']:.2f} ({pair['low']:.2f} to {pair['high']:.2f})"
        if pair["low"] is not None
        else f"{pair['kappa']:.2f}"
    )
