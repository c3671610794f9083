"""`aurora simulate`: night videos of an invented sky, with the truth beside them."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path
from typing import Annotated

import typer

from ..config import PARAMS_FILE
from ..errors import ConfigError
from .options import Assignments, ParamsFile, params_of


def simulate(
    out: Annotated[Path, typer.Option(help="Data folder; raw/ and labels/ (with labels/truth/) are written below it.")],
    nights: Annotated[str, typer.Option(help="Nights, named by their mornings, with commas between.")] = "",
    minutes: Annotated[int, typer.Option(help="Length of each night; 10 video frames a minute.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed gives the same videos.")] = 42,
    site: Annotated[
        str,
        typer.Option(
            help="LATITUDE,LONGITUDE[,METRES[,TIMEZONE]] of the camera (200 m, UTC); Yellowknife if not given."
        ),
    ] = "",
    camera: Annotated[
        str, typer.Option(help="auroramax-2018, auroramax-2024, or random; by default AuroraMAX's of the year.")
    ] = "",
    labels: Annotated[Path | None, typer.Option(help="Label file, if not labels/labels.csv below --out.")] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Write the bundled season instead, 128 nights; see docs/simulated-sky.md.")
    ] = False,
    annotate: Annotated[
        bool, typer.Option("--annotate", help="Let two simulated people label the extracted frames below --out.")
    ] = False,
    params: ParamsFile = PARAMS_FILE,
    assignments: Assignments = None,
) -> None:
    """Make simulated night videos with exact truth and labels.

    The sky is invented, but Sun, Moon, planets and bright stars stand where they stood over the site. Without --sample,
    the time, clouds, weather and aurora of a night are drawn from --seed. AURORA_WORKERS sets how many processes draw.

    For example:

    aurora simulate --out demo --nights 20240201,20240202 --minutes 30 --seed 42

    aurora simulate --out svalbard --nights 20241210 --site 78.148,16.043,520,Arctic/Longyearbyen --camera random

    aurora simulate --out data --sample

    aurora simulate --out data --annotate

    The last one follows `dvc repro sample_label`: their answers go through
    data/labels/answers to data/labels/labels.csv, in place of the exact labels.
    Answers that are there already stay. --params and --set are for it alone.
    """
    from ..season.season import season
    from ..simulation import simulate as simulation

    if annotate:
        if nights or sample or site or camera or labels:
            what = "simulated people label what is extracted already"
            raise ConfigError(what, "--annotate", "give only --out, --seed and --params beside it")
        _annotate(out, seed, params, assignments)
        return
    mornings = [night.strip() for night in nights.split(",") if night.strip()]
    location = simulation.site_of(site)
    simulation.check_choice(mornings, sample, location, camera)
    plans = season() if sample else simulation.plans_of(mornings, minutes, seed, location, camera)
    truth = simulation.run(plans, seed, location, out, labels)
    share = truth["visible"].mean()
    typer.echo(f"{len(plans)} nights, {len(truth)} video frames, {share:.0%} of them with visible aurora, below {out}")


def _annotate(out: Path, seed: int, params: Path, assignments: list[str] | None) -> None:
    """Work in the project whose data folder `out` is, where journals and tables have their places."""
    from ..labelling import simulated, terminal
    from ..labelling.agreement import agreement

    if out.resolve().name != simulated.DATA.name or not out.is_dir():
        raise ConfigError("not the data folder of a project", out, "give --out data, in the project's folder")
    if seed < 0:
        raise ConfigError(f"{seed} is no seed", "--seed", "take a whole number from 0")
    file = params if params == PARAMS_FILE else params.resolve()
    with chdir(out.resolve().parent):
        settings = params_of(file, assignments)
        collected = simulated.annotate(settings, seed)
        terminal.print_collected(collected)
        terminal.print_agreement(agreement(collected.answers, settings.seed, collected.kinds))
