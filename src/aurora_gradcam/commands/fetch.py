"""`aurora fetch`: night videos from the archive, and geomagnetic indices."""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..config import PARAMS_FILE
from ..errors import ConfigError, InputError
from ..zones import zone_named
from .options import Assignments, ParamsFile, params_of

if TYPE_CHECKING:
    from ..acquisition.download import Patience
    from ..acquisition.fetch import Fetched, Request
    from ..config import Params

logger = logging.getLogger(__name__)

INTERRUPTED = 130  # what shells give for Ctrl-C


def fetch(
    first: Annotated[str, typer.Option("--from", help="First night, by the date of its morning.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last night; the first if not given.")] = "",
    size: Annotated[str, typer.Option(help="480p, 720p or 1080p: about 50, 100 or 250 MB a night.")] = "720p",
    address: Annotated[
        list[str] | None,
        typer.Option(help="Address with {night}, {year}, {month}, {day}, {size}, for fetch.addresses. Repeatable."),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds without a byte after which a download is tried again.")] = 30,
    indices: Annotated[
        bool,
        typer.Option("--indices", help="Refresh Kp and the solar wind in data/indices instead of fetching nights."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the addresses and fetch nothing.")] = False,
    params: ParamsFile = PARAMS_FILE,
    assignments: Assignments = None,
) -> None:
    """Download night videos to data/raw, by month, and put their months into params.yaml.

    By default they come from the AuroraMAX archive. What broke off goes on where it stopped, in this run and the next;
    nights that are here are not asked for again. A video gets its name only when it is whole. Nights that the archive
    does not have are listed at the end. Git must not take videos: `dvc add` them, as the last lines say.

    For example:

    aurora fetch --from 2024-02-01 --to 2024-02-07

    aurora fetch --from 2024-02-01 --size 480p

    aurora fetch --indices

    aurora fetch --from 2024-02-01 --dry-run --address 'https://my.server/{year}/sky_{night}.mp4'
    """
    from ..acquisition import addresses, project
    from ..acquisition.display import Display
    from ..acquisition.download import Patience
    from ..acquisition.fetch import Request, run

    instead = [f"fetch.addresses={json.dumps(address)}"] if address else []
    settings = params_of(params, [*(assignments or ()), *instead])
    addresses.check_names(settings.fetch.addresses)
    if size not in addresses.SIZES:
        raise ConfigError(f"'{size}' is not a size", "--size", f"choose one of {', '.join(addresses.SIZES)}")
    if not timeout > 0:
        raise ConfigError(f"{timeout:g} s is not a time to wait", "--timeout", "give a number above 0")
    if indices:
        _fetch_indices(settings, first, last, Patience(stall=timeout), dry_run)
        return
    if not first:
        raise InputError("no night is named", "--from", "give the first night, such as --from 2024-02-01, or --indices")
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
    with project.locked(request.raw):
        fetched = run(request, Display())
    _report(request, fetched, params, settings.extract.file_pattern, time.monotonic() - started)


def _fetch_indices(settings: Params, first: str, last: str, patience: Patience, dry_run: bool) -> None:
    """Refresh Kp and the solar wind of the years of params' months, or of the nights that were named."""
    import pandas as pd

    from ..acquisition import addresses, indices, project
    from ..preprocessing.extract import RAW

    named = [addresses.day(text, option) for text, option in ((first, "--from"), (last, "--to")) if text]
    years = indices.years_of([addresses.month_name(night) for night in named] or settings.months)
    years = list(range(years[0], years[-1] + 1)) if named else years
    if dry_run:
        solar_wind = [settings.fetch.indices.omni.replace("{year}", str(year)) for year in years]
        typer.echo("\n".join(filter(None, [settings.fetch.indices.kp, *solar_wind])))
        return
    with project.locked(RAW):
        indices.refresh(settings.fetch.indices, years, patience, pd.Timestamp.now("UTC"), typer.echo)
    typer.echo("next: dvc repro couple report")


def _report(request: Request, fetched: Fetched, params: Path, file_pattern: str, seconds: float) -> None:
    """Put the months of the nights that are here into the params file; print what came and what comes next."""
    from ..acquisition import addresses, months, project, summary

    if isinstance(fetched.stopped, KeyboardInterrupt):
        kept = f"what came of the others is kept in {request.raw}, and the same command resumes it"
        typer.echo(f"stopped: {summary.counts(fetched)}; {kept}", err=True)
    elif not fetched.stopped:
        summary.check_some(fetched, request.patterns)
        typer.echo("\n".join(summary.lines(fetched, seconds)))
    here = sorted({addresses.month_name(night) for night in fetched.nights("fetched", "there")})
    if new := months.add(params, here):
        typer.echo(f"months of {params}: {', '.join(new)} added")
    if isinstance(fetched.stopped, KeyboardInterrupt):
        raise typer.Exit(INTERRUPTED)
    if fetched.stopped:
        raise fetched.stopped
    for line in project.loose_ends(request.raw, params, params_of(params, None).months):
        logger.warning(line)
    name = addresses.file_name(request.patterns[0])
    if setting := project.lines_to_set(file_pattern, name, request.size):
        typer.echo(f"extract.file_pattern '{file_pattern}' leaves these videos out; set in {params}:\n{setting}")
    folders = " ".join(f"data/raw/{month}" for month in here)
    typer.echo(f"next: dvc add {folders}   # DVC keeps the videos; Git only their .dvc files")
    typer.echo(f"      git add data/raw/*.dvc {params}")
    typer.echo("      dvc repro sample_label")
