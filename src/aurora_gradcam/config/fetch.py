"""Where night videos and geomagnetic indices are downloaded from."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, field_validator

from .base import Frozen

AURORAMAX = "https://data.phys.ucalgary.ca/sort_by_project/AuroraMAX/rt-movies/mp4"


class Indices(Frozen):
    """Where geomagnetic indices are downloaded from.

    `kp` is GFZ's file of Kp since 1932; `omni`, with {year}, SPDF's file of the solar wind in 5 minutes; empty: none.
    """

    kp: Annotated[str, Field(pattern=r"^https?://")] = "https://kp.gfz.de/app/files/Kp_ap_since_1932.txt"
    omni: Annotated[str, Field(pattern=r"^(https?://.*\{year\}.*)?$")] = (
        "https://spdf.gsfc.nasa.gov/pub/data/omni/high_res_omni/omni_5min{year}.asc"
    )


class Fetch(Frozen):
    """Where night videos and geomagnetic indices are downloaded from.

    `addresses` are tried in order: {year}, {month}, {day} and {night} stand for the date of the morning, {size} for
    480p, 720p or 1080p. The defaults are AuroraMAX's archive; nights of early years lie one folder deeper.
    """

    addresses: Annotated[tuple[str, ...], Field(min_length=1)] = (
        f"{AURORAMAX}/{{year}}/{{month}}/{{day}}/auroramaxHD_{{night}}_{{size}}.mp4",
        f"{AURORAMAX}/{{year}}/{{month}}/{{day}}/yknf_slr-12/auroramaxHD_{{night}}_{{size}}.mp4",
    )
    at_once: Annotated[int, Field(ge=1, le=4)] = 2
    indices: Indices = Indices()

    @field_validator("addresses")
    @classmethod
    def names_the_night(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Web addresses, one for each night."""
        for address in addresses:
            if not re.match(r"https?://", address) or "{night}" not in address:
                raise ValueError(f"'{address}' must begin with http:// or https:// and hold {{night}}")
            if unknown := set(re.findall(r"{(.*?)}", address)) - {"year", "month", "day", "night", "size"}:
                raise ValueError(
                    f"'{address}' holds {{{min(unknown)}}}: use {{year}} {{month}} {{day}} {{night}} {{size}}"
                )
        return addresses
