"""`aurora sky`: Sun, Moon and illumination classes for any times and any site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..config import PARAMS_FILE
from .options import Assignments, ParamsFile, params_of


def sky(
    times: Annotated[Path, typer.Argument(help="CSV file with a column utc: ISO 8601, such as 2024-02-01T07:00:00Z.")],
    out: Annotated[Path, typer.Option(help="CSV file to write: the columns of TIMES, then those of the sky.")],
    params: ParamsFile = PARAMS_FILE,
    assignments: Assignments = None,
) -> None:
    """Where Sun and Moon stand at given times, and the illumination classes that follow.

    Adds sun_altitude, sun_azimuth, moon_altitude, moon_azimuth and moon_phase_angle (degrees; 180 is full Moon),
    moon_illumination (0 to 1), sun_class and moon_class. A time without a zone is UTC; other zones are converted; an
    empty time leaves its row's new cells empty. AURORA_WORKERS sets how many processes compute.

    For example:

    aurora sky times.csv --out sky.csv

    aurora sky times.csv --out sky.csv --set site.latitude=78.15 --set site.longitude=16.04
    """
    from ..preprocessing import sky_of_times

    count, unknown = sky_of_times.write(times, out, params_of(params, assignments))
    without = f", {unknown} of them without a time" if unknown else ""
    typer.echo(f"{count} rows{without}, written to {out}")
