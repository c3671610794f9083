"""`aurora label`: a page in the browser that asks people for labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import typer

from ..config import PARAMS_FILE
from ..errors import InputError
from .options import Assignments, ParamsFile, params_of


def frame_ids_of(frames: str, more_frames: Sequence[str]) -> tuple[str, ...]:
    """The frame_ids of `--frames` and what follows it, with commas or spaces between; InputError without `--frames`."""
    if more_frames and not frames:
        raise InputError(f"'{more_frames[0]}' is no option", "command line", "name frames after --frames")
    parts = ",".join([frames, *more_frames]).replace(" ", ",").split(",")
    return tuple(part for part in parts if part)


def label(
    more_frames: Annotated[
        list[str] | None, typer.Argument(metavar="[ID ...]", help="More frame_ids after --frames, with spaces between.")
    ] = None,
    annotator: Annotated[str, typer.Option(help="Who labels; by default the user's name on this machine.")] = "",
    order: Annotated[
        Literal["random", "night", "uncertain"],
        typer.Option(help="random: each annotator's own; night: by time; uncertain: P(yes) nearest one half first."),
    ] = "random",
    again: Annotated[
        bool, typer.Option("--again", help="Ask also for frames that others have labelled, to see how far you agree.")
    ] = False,
    frames: Annotated[
        str, typer.Option(help="Ask for these frames alone, labelled or not: frame_ids with commas between.")
    ] = "",
    review: Annotated[
        bool, typer.Option("--review", help="Show the frames that you have answered, to look at and correct them.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    collect: Annotated[
        bool, typer.Option("--collect", help="Only bring data/labels/labels.csv up to date, and print the agreement.")
    ] = False,
    params: ParamsFile = PARAMS_FILE,
    assignments: Assignments = None,
) -> None:
    """Label the frames of data/tables/to_label.csv in the browser: yes, no or unsure.

    Every answer is kept at once in data/labels/answers, a file a person: stop
    with Ctrl-C and go on whenever you like. When it stops, the answers go to
    data/labels/labels.csv, and `dvc repro` learns from them. A label that you
    change in that file counts as your newest answer. The page is for this
    machine alone: the printed address holds its key. On a server, forward a port:
    ssh -L 9000:127.0.0.1:PORT, and open the address with 9000 in place of PORT.

    For example:

    aurora label --annotator ann

    aurora label --annotator ben --again --order night

    aurora label --frames 20240201-00010 20240201-00050

    aurora label --collect
    """
    from ..labelling import terminal
    from ..labelling.session import Wish

    settings = params_of(params, assignments)
    if collect:
        terminal.collect_only(settings)
        return
    wish = Wish(again, frame_ids_of(frames, more_frames or []), review)
    terminal.label(settings, annotator or terminal.user_name(), order, wish, port, open_browser)
