"""Stage illuminate: the places of Sun and Moon and the illumination classes of every frame."""

from __future__ import annotations

import logging
from functools import partial

import pandas as pd

from ..config import Params
from ..corpus.frame_ids import sort_key
from ..errors import InputError
from ..parallel import map_nights
from ..stage import stage_main
from ..tables.sky import SKY_TABLE
from ..tables.times import TIMES_TABLE
from .sky import illuminated

logger = logging.getLogger(__name__)


def sky_of_month(month: str, params: Params) -> pd.DataFrame:
    """The sky table's rows for one month's times; nulls where the time is unknown."""
    times = TIMES_TABLE.read(month)[["frame_id", "utc"]]
    return pd.concat([times, illuminated(pd.DatetimeIndex(times["utc"]), params.site, params.illuminate)], axis=1)


def run(params: Params) -> None:
    """Read the times of all months, write the sky table, a row a frame, in order of frame_id."""
    if not params.months:
        raise InputError("no months to read", "params.yaml: months", "list at least one, such as 2024-02")
    parts = map_nights(partial(sky_of_month, params=params), params.months, "sun and moon, months")
    sky = pd.concat(parts).sort_values("frame_id", ignore_index=True, key=sort_key)
    SKY_TABLE.write(sky)
    unknown = int(sky["utc"].isna().sum())
    if unknown:
        logger.warning("%d of %d frames have no time and so no sky class", unknown, len(sky))


main = stage_main(run)


if __name__ == "__main__":
    main()
