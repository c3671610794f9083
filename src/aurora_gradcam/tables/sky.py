"""Table sky: Sun, Moon and the illumination classes of every frame."""

from __future__ import annotations

from ..conditions import MOON_CLASSES, SUN_CLASSES
from .table import UTC_TIME, frame_id, number, table, text, time

SKY_TABLE = table(
    "sky",
    "data/tables/sky.parquet",
    {
        "frame_id": frame_id(),
        "utc": time(UTC_TIME),
        "sun_altitude": number(-90, 90, nullable=True),
        "sun_azimuth": number(0, 360, nullable=True),
        "moon_altitude": number(-90, 90, nullable=True),
        "moon_azimuth": number(0, 360, nullable=True),
        "moon_phase_angle": number(0, 180, nullable=True),  # folded: 180 = full
        "moon_illumination": number(0, 1, nullable=True),
        "sun_class": text(among=SUN_CLASSES, nullable=True),  # all null where the time is unknown
        "moon_class": text(among=MOON_CLASSES, nullable=True),
    },
)
