"""`aurora fetch`: night videos from the archive."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..config import PARAMS_FILE, load
from ..config.zones import zone_named
from ..errors import ConfigError
from .options import Assignments, ParamsFile

if TYPE_CHECKING:
    from ..acquisition.fetch import Fetched, Request

INTERRUPTED = 130  # what shells give for Ctrl-C


def fetch(
    first: Annotated[str, typer.Option("--from", help="First night, by the date of its morning.")],
    last: Annotated[str, typer.Option("--to", help="Last night; the first if not given.")] = "",
    size: Annotated[str, typer.Option(help="480p, 720p or 1080p: about 50, 100 or 250 MB a night.")] = "720p",
    address: Annotated[
        list[str] | None,
        typer.Option(help="Address with {night}, {year}, {month}, {day}, {size}, for fetch.addresses. Repeatable."),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds without a byte after which a download is tried again.")] = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the addresses and fetch nothing.")] = False,
    params: ParamsFile = PARAMS_FILE,
    assignments: Assignments = None,
) -> None:
    """Download night videos to data/raw, by month, and put their months into params.yaml.

    By default they come from the AuroraMAX archive. What broke off goes on where it stopped, in this run and the next;
    nights that are here are not asked for again. A video gets its name only when it is whole. Nights that the archive
    does not have are told at the end.

    For example:

    aurora fetch --from 2024-02-01 --to 2024-02-07

    aurora fetch --from 2024-02-01 --size 480p

    aurora fetch --from 2024-02-01 --dry-run --address 'https://my.server/{year}/sky_{night}.mp4'
    """
    from ..acquisition import addresses, project
    from ..acquisition.download import Patience
    from ..acquisition.fetch import Request, run
    from ..acquisition.telling import Telling

    given = [f"fetch.addresses={json.dumps(address)}"] if address else []
    settings = load(params, [*(assignments or ()), *given])
    addresses.check_names(settings.fetch.addresses)
    if size not in addresses.SIZES:
        raise ConfigError(f"'{size}' is no size", "--size", f"choose of {', '.join(addresses.SIZES)}")
    if not timeout > 0:
        raise ConfigError(f"{timeout:g} s is no time to wait", "--timeout", "give a number above 0")
    begin = addresses.day(first, "--from")
    end = addresses.day(last, "--to") if last else begin
    today = datetime.now(zone_named(settings.site.timezone)).date()
    nights = addresses.nights_between(begin, end, today)
    request = Request(nights, settings.fetch.addresses, size, settings.fetch.at_once, Patience(stall=timeout))
    if dry_run:
        typer.echo("\n".join(line for night in nights for line in request.addresses(night)))
        return
    months = sorted({addresses.month_name(night) for night in nights})
    project.check_months(request.raw, months)
    started = time.monotonic()
    with project.held(request.raw):
        fetched = run(request, Telling())
    _tell(request, fetched, params, settings.extract.file_pattern, time.monotonic() - started)


def _tell(request: Request, fetched: Fetched, params: Path, file_pattern: str, seconds: float) -> None:
    """Put the months of the nights that are here into the params file; say what came and what comes next."""
    from ..acquisition import addresses, months, project, summary

    if isinstance(fetched.stopped, KeyboardInterrupt):
        kept = f"what came of the others is kept in {request.raw}, and the same command goes on from there"
        typer.echo(f"stopped: {summary.counts(fetched)}; {kept}", err=True)
    elif not fetched.stopped:
        summary.check_some(fetched, request.patterns)
        typer.echo("\n".join(summary.lines(fetched, seconds)))
    here = sorted({addresses.month_name(night) for night in fetched.nights("fetched", "there")})
    if new := months.add(params, here):
        typer.echo(f"months of {params}: {', '.join(new)} put in")
    if isinstance(fetched.stopped, KeyboardInterrupt):
        raise typer.Exit(INTERRUPTED)
    if fetched.stopped:
        raise fetched.stopped
    for line in project.loose_ends(request.raw, params, load(params).months):
        typer.echo(f"warning: {line}", err=True)
    name = addresses.file_name(request.patterns[0])
    if setting := project.lines_to_set(file_pattern, name, request.size):
        typer.echo(f"extract.file_pattern '{file_pattern}' leaves these videos out; set in {params}:\n{setting}")
    typer.echo("next: dvc repro sample_label")
    typer.echo(f"      dvc add {' '.join(f'data/raw/{month}' for month in here)}   # if you keep storage of your own")
