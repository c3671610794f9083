"""The `aurora` command: everything that is not a stage. Each command is a thin call into its package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .errors import exit_clearly

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.callback()
def root() -> None:
    """Aurora detection in all-sky imagery; the stages themselves run by `dvc repro`."""


@app.command()
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
        bool, typer.Option("--sample", help="Write the 40 nights of simulation/sample.py instead.")
    ] = False,
) -> None:
    """Make simulated night videos with exact truth and labels.

    The sky is invented, but Sun, Moon, planets and bright stars stand where they stood over the site. Without --sample,
    the time, clouds, weather and aurora of a night are drawn from --seed. AURORA_WORKERS sets how many processes draw.

    Examples:
    aurora simulate --out demo --nights 20240201,20240202 --minutes 30 --seed 42

    aurora simulate --out svalbard --nights 20241210 --site 78.148,16.043,520,Arctic/Longyearbyen --camera random

    aurora simulate --out data --sample
    """
    from .simulation import simulate as simulation

    chosen = [night.strip() for night in nights.split(",") if night.strip()]
    place = simulation.site_of(site)
    plans = simulation.plans_of(chosen, minutes, seed, place, sample, camera)
    truth = simulation.run(plans, seed, place, out, labels)
    shown = truth["visible"].mean()
    typer.echo(f"{len(plans)} nights, {len(truth)} video frames, {shown:.0%} of them with visible aurora, below {out}")


@app.command()
def pretrain(
    rounds: Annotated[int | None, typer.Option(min=1, help="Train at most so many rounds in this call.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Discard the checkpoint and begin anew.")] = False,
    export: Annotated[bool, typer.Option("--export", help="Write the checkpoint's weights, without training.")] = False,
    params: Annotated[Path, typer.Option(help="Params file; its pretrain and seed are read.")] = Path("params.yaml"),
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="Override a value: pretrain.passes=1. May be repeated.")
    ] = None,
) -> None:
    """Pretrain the network on random simulated skies, from random weights: data/weights/sky.safetensors.

    Each round leaves data/weights/checkpoint.pt, and the next call goes on from there. After the last round, or with
    --export, the weights and their card sky.json are written; `train.weights: sky` starts from them. AURORA_DEVICE and
    AURORA_WORKERS set where the network trains and how many processes draw skies.

    Examples:
    aurora pretrain --rounds 1

    AURORA_DEVICE=cuda aurora pretrain --restart
    """
    from . import config
    from .training import pretrain as pretraining

    pretraining.run(config.load(params, assignments or ()), rounds=rounds, restart=restart, export=export)


@exit_clearly
def main() -> None:
    """Run the command line; a mendable error is one line and exit status 2."""
    app()
