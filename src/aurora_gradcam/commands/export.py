"""`aurora export`: frames as files named by time, night and number, in folders or a zip."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..config import PARAMS_FILE
from ..errors import ConfigError
from .options import Assignments, ParamsFile, params_of

FORMATS = ("files", "aurorax")


def export(
    out: Annotated[
        Path, typer.Option(help="Folder (new, empty, or an earlier export), or a file name that ends in .zip.")
    ],
    by: Annotated[
        str,
        typer.Option(
            metavar="condition|label|prediction|cloud|form|none", help="What the folders are; none: no folders."
        ),
    ] = "condition",
    only: Annotated[
        list[str] | None, typer.Option(help="A folder to export, such as yes or Night_No_Moon. Repeatable.")
    ] = None,
    nights: Annotated[
        str, typer.Option(help="Nights, by the date of their morning, separated by commas; default: all.")
    ] = "",
    conditions: Annotated[
        str, typer.Option(help="Illumination conditions, such as Night_No_Moon,Night_Moon_Full; default: all.")
    ] = "",
    limit: Annotated[
        int | None,
        typer.Option(help="Largest number of pictures in a folder, spread evenly over its frames in order of time."),
    ] = None,
    damaged: Annotated[bool, typer.Option("--damaged", help="Include damaged and blank pictures.")] = False,
    format_: Annotated[
        str,
        typer.Option(
            "--format", metavar="files|aurorax", help="aurorax: intervals of aurora as AuroraX records; no pictures."
        ),
    ] = "files",
    program: Annotated[str, typer.Option(help="With --format aurorax: AuroraX's name of the program.")] = "auroramax",
    platform: Annotated[str, typer.Option(help="With --format aurorax: AuroraX's name of the site.")] = "yellowknife",
    url: Annotated[
        str, typer.Option(help="With --format aurorax: where the table of frames will lie, for the records' url.")
    ] = "",
    params: ParamsFile = PARAMS_FILE,
    assignments: Assignments = None,
) -> None:
    """Copy frames out of the night archives, byte for byte, as files named by time, night and frame number.

    20240201011954_20240201_10.jpg is frame 10 of the night 20240201, taken on 2024-02-01 at 01:19:54 UTC. Folders are
    Sun and Moon (Night_No_Moon; unknown), label (yes, no, unlabelled), prediction (yes, no, none), cloud (clear,
    broken, overcast, unknown) or form (none, arc, rays, ...), by the model, or where it has no head for them by labels.
    frames.csv lists every selected frame with its time, Sun, Moon, label and P(yes), also frames without a picture.

    With --format aurorax no picture is written, but data_products.json and data_source.json as pyaurorax has them (an
    interval of aurora a record), and every frame's time, Sun, Moon and P(yes) as frames.csv and frames.parquet.

    Exporting into an earlier export replaces it: pictures no longer selected are removed. Other files stay untouched.

    For example:

    aurora export --out frames

    aurora export --out aurora.zip --by prediction --only yes --conditions Night_No_Moon

    aurora export --out records --format aurorax --url https://my.server/frames.csv

    aurora export --out look --by label --nights 20240201,20240203 --limit 20
    """
    from ..export import aurorax, files, listing

    if format_ not in FORMATS:
        raise ConfigError(f"'{format_}' is unknown", "--format", f"choose from {', '.join(FORMATS)}")
    if format_ == "aurorax":
        if (by, only, conditions, limit, damaged) != ("condition", None, "", None, False) or out.suffix == ".zip":
            fix = "leave out --by, --only, --conditions, --limit and --damaged, and give a folder"
            raise ConfigError("it writes tables of whole nights into a folder", "--format aurorax", fix)
        source = aurorax.Source(program, platform)
        typer.echo(aurorax.write(params_of(params, assignments), out, source, _parts(nights), url))
        return
    choice = listing.Choice(by, tuple(only or ()), _parts(nights), _parts(conditions), limit, damaged)
    rows = listing.listing(params_of(params, assignments), choice)
    written = files.write(rows, out)
    typer.echo(files.summary_line(rows, written, out))


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
