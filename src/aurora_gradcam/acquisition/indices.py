"""Kp and the solar wind into data/indices: what is known stays until something newer has come whole."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from ..config import Indices
from ..errors import DataError, InputError
from ..files import write_text
from ..tables.indices import KP_FILE, SOLAR_WIND, kp_text, read_kp
from .addresses import file_name
from .download import Absent, Failed, Patience, download
from .fetch import make_client
from .kp_source import joined, parse_kp
from .omni_source import parse_omni
from .part import Part

logger = logging.getLogger(__name__)
SETTLED = (12, 20)
"""Month and day up to which a past year must reach, so that it is not asked for again."""


class NotRefreshed(Exception):
    """Nothing came from an address, or nothing usable; the text says why."""


def years_of(months: Sequence[str]) -> list[int]:
    """The years of months such as 2024-02, in order; an InputError without any."""
    if not months:
        fix = "list months there, or give --from and --to"
        raise InputError("no nights to fetch indices for", "params.yaml: months", fix)
    return sorted({int(month[:4]) for month in months})


def content_of(address: str, place: Path, patience: Patience) -> tuple[bytes, Part]:
    """The file at an address; what came of it in an earlier run is resumed.

    Parameters
    ----------
    place
        Where its part is kept on the way; never written under that name itself.

    Raises
    ------
    NotRefreshed
        The server has no such file, or did not give it.
    InputError
        The disk is full or cannot be written.
    """
    part = Part(place)
    name = file_name(address) or urlsplit(address).netloc

    async def bring() -> None:
        async with make_client(patience.stall) as client:
            await download(client, address, part, patience, lambda line: logger.info(f"{name}: {line}"))

    try:
        asyncio.run(bring())
    except Absent as error:
        raise NotRefreshed(f"the server has no such file ({error})") from error
    except Failed as error:
        raise NotRefreshed(str(error)) from error
    return part.path.read_bytes() if part.size else b"", part


def _refreshed(address: str, place: Path, patience: Patience, take: Callable[[bytes], str]) -> str:
    """Bring a file and let `take` put its values away; a part that proves to be something else is thrown away."""
    content, part = content_of(address, place, patience)
    try:
        return take(content)
    except DataError as error:
        raise NotRefreshed(error.what) from error
    finally:
        part.discard()


def refresh_kp(address: str, first_year: int, patience: Patience) -> str:
    """Bring kp.csv up to date, from `first_year` or the first known day on; return a line on what it holds.

    NotRefreshed where nothing usable came; a known file that is no file of Kp is a DataError before anything is asked.
    """
    known = read_kp() if KP_FILE.exists() else None

    def take(content: bytes) -> str:
        first = pd.Timestamp(first_year, 1, 1, tz="UTC")
        kp = joined(known, parse_kp(content, address), first)
        text = kp_text(kp)
        if known is None or text != kp_text(known):
            write_text(KP_FILE, text)
        gained = int(kp.notna().sum() - (0 if known is None else known.notna().sum()))
        last = kp.dropna().index[-1]
        return f"Kp from {kp.index[0]:%Y-%m-%d} to {last:%Y-%m-%d %H} UTC, {gained:,} bins new, in {KP_FILE}"

    return _refreshed(address, KP_FILE.with_name("Kp_ap_since_1932.txt"), patience, take)


def is_settled(year: int, today: pd.Timestamp) -> bool:
    """Whether a year is over and its solar wind is here to the end."""
    if year >= today.year or not SOLAR_WIND.path(str(year)).exists():
        return False
    known = SOLAR_WIND.read(str(year)).dropna()
    return len(known) > 0 and known["utc"].max() >= pd.Timestamp(year, *SETTLED, tz="UTC")


def refresh_solar_wind(pattern: str, year: int, patience: Patience, today: pd.Timestamp) -> str:
    """Bring a year of the solar wind; return a line on it. Without a pattern nothing is asked: "".

    NotRefreshed where nothing usable came; the known values stay.
    """
    if not pattern:
        return ""
    if is_settled(year, today):
        return f"solar wind of {year}: already there"
    address = pattern.replace("{year}", str(year))

    def take(content: bytes) -> str:
        rows = parse_omni(content, year, address)
        path = SOLAR_WIND.write(rows, str(year))
        share = rows[["by", "bz", "speed"]].notna().all(axis=1).mean()
        return f"solar wind of {year}: {len(rows):,} records, {share:.0%} of them complete, in {path}"

    return _refreshed(address, SOLAR_WIND.path(f"omni_5min{year}").with_suffix(".asc"), patience, take)


def refresh(
    addresses: Indices, years: Sequence[int], patience: Patience, today: pd.Timestamp, tell: Callable[[str], None]
) -> None:
    """Refresh Kp and the solar wind of these years; `tell` takes a line on each.

    A year of the solar wind that does not come is a warning: nothing needs it.

    Raises
    ------
    InputError
        Kp did not come; what is known stays as it is.
    """
    reason = ""
    try:
        tell(refresh_kp(addresses.kp, min(years), patience))
    except NotRefreshed as error:
        reason = str(error)
    for year in years:
        try:
            if line := refresh_solar_wind(addresses.omni, year, patience, today):
                tell(line)
        except NotRefreshed as error:
            logger.warning(f"solar wind of {year} did not come: {error}")
    if reason:
        what = f"Kp did not come, and what is known stays: {reason}"
        raise InputError(what, addresses.kp, "run it again later, or set fetch.indices.kp to another address")
