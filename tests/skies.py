"""Tables of usable frames as sample_label sees them: nights of given sizes and conditions."""

from __future__ import annotations

import pandas as pd


def season(
    sizes: list[int], condition: tuple[str, str] = ("Night", "No_Moon"), first: str = "20240201"
) -> pd.DataFrame:
    """Usable frames: so many in each of consecutive nights."""
    nights = pd.date_range(first, periods=len(sizes)).strftime("%Y%m%d")
    rows = [
        (f"{night}-{10 * number:05d}", night, *condition)
        for night, size in zip(nights, sizes, strict=True)
        for number in range(size)
    ]
    return pd.DataFrame(rows, columns=["frame_id", "night", "sun_class", "moon_class"])
