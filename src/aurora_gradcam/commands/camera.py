"""`aurora camera`: a params file for your own camera, proposed from its frames."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError

MOST_NAMES = 3  # of the files that stand in the params file


def camera(
    paths: Annotated[
        list[Path], typer.Argument(help="A night video, or one or more pictures of one camera.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Params file to write; the drawing goes beside it, as .png.")] = Path(
        "camera.yaml"
    ),
) -> None:
    """Propose sky circle, time box and pace of a camera, draw them on a frame, and write a params file.

    Look at the drawing: the circle should follow the edge of the sky, the box should hold the whole date and time.
    Below it stand the strips of the box and what was read in them. What could not be found is named, in the file too,
    and has to be given by hand, as has the site. Then try the file:

    aurora predict night.mp4 --out night --params camera.yaml

    For example:

    aurora camera night_20240201.mp4

    aurora camera pictures/*.jpg --out tromso.yaml
    """
    from ..camera import drawing, frames, proposal
    from ..files import atomic_write, write_text

    picture = out.with_suffix(".png")
    for path in (out, picture):
        if path.exists():
            raise InputError("this file exists already", path, "give another --out, or move it away")
    proposed = proposal.propose(frames.read(paths))
    text = proposal.params_text(proposed, shlex.join(str(path) for path in paths[:MOST_NAMES]))
    with atomic_write(picture) as temporary:
        drawing.draw(proposed).save(temporary, "PNG")
    write_text(out, text)
    for line in proposal.summary(proposed):
        typer.echo(line)
    typer.echo(f"Written: {out}. Look at {picture}, then fill in the site and what else is marked 'to do'.")
