"""Stage illuminate: the places of Sun and Moon and the illumination classes of every frame."""

from __future__ import annotations

import sys
from functools import partial

import pandas as pd

from .. import config, tables
from ..config import Params
from ..errors import InputError, exit_clearly
from ..parallel import map_nights
from .sky import illuminated


def sky_of_month(month: str, params: Params) -> pd.DataFrame:
    """The sky table's rows for one month's times; nulls where the time is unknown."""
    times = tables.TIMES.read(month)[["frame_id", "utc"]]
    return pd.concat([times, illuminated(pd.DatetimeIndex(times["utc"]), params.site, params.illuminate)], axis=1)


def run(params: Params) -> None:
    """Read the times of all months, write the sky table, a row a frame, in order of frame_id."""
    if not params.months:
        raise InputError("no months to read", "params.yaml: months", "list at least one, such as 2024-02")
    parts = map_nights(partial(sky_of_month, params=params), params.months, "sun and moon, months")
    sky = pd.concat(parts).sort_values("frame_id", ignore_index=True)
    tables.SKY.write(sky)
    unknown = int(sky["utc"].isna().sum())
    if unknown:
        print(f"illuminate: {unknown} of {len(sky)} frames have no time and so no sky class", file=sys.stderr)


@exit_clearly
def main() -> None:
    """Run the stage in the current folder."""
    run(config.load())


if __name__ == "__main__":
    main()
