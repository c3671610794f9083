"""Where night videos are downloaded from."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, field_validator

from .base import Frozen

AURORAMAX = "https://data.phys.ucalgary.ca/sort_by_project/AuroraMAX/rt-movies/mp4"


class Fetch(Frozen):
    """Where night videos are downloaded from.

    `addresses` are tried in order: {year}, {month}, {day} and {night} stand for the date of the morning, {size} for
    480p, 720p or 1080p. The defaults are AuroraMAX's archive; nights of early years lie one folder deeper.
    """

    addresses: Annotated[tuple[str, ...], Field(min_length=1)] = (
        f"{AURORAMAX}/{{year}}/{{month}}/{{day}}/auroramaxHD_{{night}}_{{size}}.mp4",
        f"{AURORAMAX}/{{year}}/{{month}}/{{day}}/yknf_slr-12/auroramaxHD_{{night}}_{{size}}.mp4",
    )
    at_once: Annotated[int, Field(ge=1, le=4)] = 2

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
