"""`aurora predict`: which frames of your own videos and images hold aurora."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..config import PARAMS_FILE
from .options import Assignments, ParamsFile, params_of


def predict(
    paths: Annotated[list[Path], typer.Argument(help="Videos, images, or folders of images.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for frames.csv, keograms and summary.html.", show_default=False)],
    explain: Annotated[
        int, typer.Option(min=0, help="Draw where the network looked in the N surest frames of each video.")
    ] = 0,
    circle: Annotated[
        str,
        typer.Option(help="Sky circle x,y,r in pixels, or auto to find it; by default extract.circle of the params."),
    ] = "",
    no_sky: Annotated[bool, typer.Option("--no-sky", help="Read no times; no Sun, no Moon, no site needed.")] = False,
    model: Annotated[Path, typer.Option(help="Folder of classifier.safetensors and model.json.")] = Path("data/models"),
    params: ParamsFile = PARAMS_FILE,
    assignments: Assignments = None,
) -> None:
    """Classify the frames of videos, and images; write frames.csv, keograms and a page to read, summary.html.

    Of a video one frame is taken every extract.interval_s, 60 seconds of sky.

    Times are read off a video's frames, or taken from the names of images (predict.image_time); Sun and Moon follow for
    the site of the params. A square image counts as cut to its sky circle. The shipped model learnt from simulated
    skies. AURORA_DEVICE and AURORA_WORKERS set where the network computes and how many threads feed it.

    For example:

    aurora predict night.mp4 --out night

    aurora predict frames/ --out out --no-sky

    aurora predict *.jpg --out out --circle auto --params camera.yaml --explain 6
    """
    from ..prediction import circles
    from ..prediction.page import PAGE, headline
    from ..prediction.predict import TABLE, run
    from ..prediction.result import Job

    choice = circles.parse_choice(circle)
    job = Job(out, params_of(params, assignments), model, choice, not no_sky, explain)
    table = run(paths, job)
    typer.echo(f"{headline(table)}; see {out / PAGE} and {out / TABLE}")
