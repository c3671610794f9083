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
    labels: Annotated[Path | None, typer.Option(help="Label file, if not labels/labels.csv below --out.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Write the bundled sample's 24 nights instead.")] = False,
) -> None:
    """Make simulated night videos with exact truth and labels.

    The sky is invented, but Sun and Moon stand where they stood over Yellowknife. Without --sample, the time, clouds
    and aurora of a night are drawn from --seed. AURORA_WORKERS sets how many nights are drawn at once.

    Examples:
    aurora simulate --out demo --nights 20240201,20240202 --minutes 30 --seed 42

    aurora simulate --out data --sample
    """
    from .config import Site
    from .simulation import simulate as simulation

    chosen = [night.strip() for night in nights.split(",") if night.strip()]
    plans = simulation.plans_of(chosen, minutes, seed, Site(), sample)
    truth = simulation.run(plans, seed, Site(), out, labels)
    shown = truth["visible"].mean()
    typer.echo(f"{len(plans)} nights, {len(truth)} video frames, {shown:.0%} of them with visible aurora, below {out}")


@exit_clearly
def main() -> None:
    """Run the command line; a mendable error is one line and exit status 2."""
    app()
