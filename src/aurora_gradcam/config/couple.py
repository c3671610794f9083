"""What counts as an hour with aurora, and how many nights its chances are modelled from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Count, Frozen


class Couple(Frozen):
    """What counts as an hour with aurora, and how many nights its chances are modelled from.

    An hour of universal time counts where at least `frames_per_hour` of its frames are dark and classified; it has
    aurora where at least `hour_share` of these are called aurora. With fewer than `min_nights` nights nothing is
    modelled.
    """

    frames_per_hour: Count = 5
    hour_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    min_nights: Annotated[int, Field(ge=10)] = 20
