"""The recipe of the bundled sample: 24 nights of half an hour within the study's seasons, all nine conditions.

Times were chosen with Skyfield so that each night has the condition that its line says; a test checks them. Fifteen
nights are Night x No_Moon, in most of them aurora comes and goes; the others bring moonlight and twilight.
"""

from __future__ import annotations

from datetime import UTC, datetime

from .plan import Episode, Plan

FRAMES = 300


def _night(night: str, start: str, *episodes: Episode, **more: object) -> Plan:
    return Plan(night, datetime.fromisoformat(start).replace(tzinfo=UTC), FRAMES, episodes, **more)


def _e(form: str, start: float, end: float, strength: float, **more: float) -> Episode:
    return Episode(form, start, end, strength, **more)


SAMPLE: tuple[Plan, ...] = (
    # 2022-12 to 2023-02: the old overlay, 2022/12/01 22:10:24   MST/HNR
    # Astronomical to Night, Moon_Full
    _night("20221206", "2022-12-06 01:05:14", _e("band", 9, 27, 0.35, north_km=-60)),
    # Astronomical to Nautical, Moon_Full, thin cloud
    _night("20221208", "2022-12-08 14:38:02", _e("arc", 2, 14, 0.30, north_km=80), clouds="thin"),
    # Night, No_Moon from here where nothing else is said
    _night("20221220", "2022-12-20 07:30:41", _e("arc", 4, 17, 0.05, north_km=160),
           _e("band", 16, 26, 0.14, north_km=70)),
    _night("20221223", "2022-12-23 05:10:08", _e("diffuse", 21, 31, 0.030, north_km=100), town=1.4),
    _night("20221225", "2022-12-25 08:40:33", _e("rays", 1, 9, 0.25, north_km=40, purple=0.3),
           _e("corona", 15, 24, 0.30, north_km=-10, red=0.3, purple=0.4)),
    # Nautical, Moon_Full: moonlit cloud and twilight without aurora
    _night("20230203", "2023-02-03 00:45:20", clouds="broken"),
    _night("20230218", "2023-02-18 06:50:56", _e("band", 7, 24, 0.22, north_km=20), clouds="broken"),
    _night("20230220", "2023-02-20 08:10:17", _e("arc", -2, 7, 0.06, north_km=120),
           _e("corona", 11, 22, 0.40, north_km=-30, red=0.7, purple=0.5)),
    _night("20230222", "2023-02-22 05:40:39", clouds="overcast", town=1.5),
    # Astronomical to Night, Moon_Quarter
    _night("20230227", "2023-02-27 03:12:45", _e("arc", 10, 29, 0.16, north_km=40)),
    # 2024-02 to 2025-01: the new overlay, 2024-01-31 18:19:54 MST
    # snow on the dome
    _night("20240207", "2024-02-07 07:00:11", _e("arc", 3, 12, 0.07, north_km=-90),
           _e("patchy", 17, 31, 0.05, north_km=-60), snow=0.55),
    _night("20240209", "2024-02-09 09:20:27", _e("diffuse", -3, 9, 0.06, north_km=-40),
           _e("patchy", 14, 25, 0.08)),
    # a gap of 12 minutes between two video frames
    _night("20240211", "2024-02-11 06:05:52", _e("band", 8, 27, 0.12, north_km=90, purple=0.2),
           _e("rays", 33, 38, 0.20, north_km=30), gap=(155, 12)),
    # Nautical to Astronomical, Moon_Quarter
    _night("20240219", "2024-02-19 01:56:30", _e("band", 4, 19, 0.45, north_km=30)),
    # the clock goes from 02:00 MST to 03:00 MDT
    _night("20240310", "2024-03-10 08:45:07", _e("band", 5, 13, 0.10, north_km=50),
           _e("rays", 18, 27, 0.22, north_km=-20, red=0.3)),
    _night("20240312", "2024-03-12 06:30:48", _e("arc", 25, 33, 0.035, north_km=220), town=0.6),
    # Night, Moon_Quarter, thin cloud
    _night("20240317", "2024-03-17 04:40:05", _e("band", 12, 25, 0.20, north_km=110), clouds="thin"),
    # damaged bits in seven video frames
    _night("20241202", "2024-12-02 07:15:36", _e("rays", 6, 21, 0.18, north_km=60, purple=0.25),
           damaged=(138, 139, 140, 141, 186, 189, 190)),
    # Nautical to Astronomical, No_Moon
    _night("20241203", "2024-12-03 00:04:19", _e("diffuse", 15, 29, 0.07, north_km=120)),
    _night("20241229", "2024-12-29 09:45:22", _e("arc", 6, 20, 0.10, north_km=10), clouds="thin"),
    # Astronomical to Nautical, No_Moon
    _night("20250109", "2025-01-09 14:45:50", _e("patchy", -2, 13, 0.10, north_km=-30)),
    # Night, Moon_Full, moonlit broken cloud
    _night("20250113", "2025-01-13 05:00:33", _e("band", 8, 22, 0.40, north_km=-20), clouds="broken"),
    # some pictures are black
    _night("20250128", "2025-01-28 06:20:09", _e("arc", 2, 11, 0.08, north_km=180),
           _e("band", 14, 24, 0.20, north_km=100, red=0.2), black=(58, 59, 60, 61, 62, 119, 120, 121)),
    _night("20250131", "2025-01-31 10:10:44", _e("diffuse", 5, 14, 0.05, north_km=-20),
           _e("patchy", 12, 23, 0.07, north_km=-80), clouds="broken", town=1.3),
)  # fmt: skip
