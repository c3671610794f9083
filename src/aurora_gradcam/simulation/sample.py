"""The recipe of the bundled sample: 40 nights of 40 minutes within the study's seasons, all nine conditions.

Times were chosen with Skyfield so that each night has the condition that its line says; a test checks them. 27 nights
are Night x No_Moon, in most of them aurora comes and goes; the others bring moonlight and twilight.
"""

from __future__ import annotations

from datetime import UTC, datetime

from .draw import era_camera
from .plan import CloudLayer, Episode, Plan, Surroundings, Town, Weather

MINUTES = 40
FRAMES = 400
CIRRUS = (CloudLayer("cirrus", 0.7, 0.5, (0.9, 0.3)),)
MOTTLED = (CloudLayer("altocumulus", 0.55, 1.4, (0.5, -0.3)),)
BROKEN = (CloudLayer("cumulus", 0.45, 4.0, (0.4, 0.3)),)
OVERCAST = (CloudLayer("stratus", 1.0, 4.0, (0.3, 0.1)),)
SOME_OVERCAST = (CloudLayer("stratus", 0.9, 1.2, (0.5, 0.2)),)
TOWN = 205.0
SURROUNDINGS = {
    "auroramax-2018": Surroundings(seed=2, trees=0.5),
    "auroramax-2024": Surroundings(seed=5, trees=0.3, hills=0.3),
}


def _night(night: str, time: str, *episodes: Episode, town: float = 300.0, **more: object) -> Plan:
    start = datetime.strptime(f"{night} {time}", "%Y%m%d %H:%M:%S").replace(tzinfo=UTC)
    camera = era_camera(start)
    return Plan(
        night, start, FRAMES, episodes, towns=(Town(TOWN, town, tint="led"),), camera=camera,
        surroundings=SURROUNDINGS[camera.name], **more,
    )  # fmt: skip


def _e(form: str, start: float, end: float, strength: float, **more: float) -> Episode:
    return Episode(form, start, end, strength, **more)


SAMPLE: tuple[Plan, ...] = (
    # 2022-12 and 2023-02: the old overlay, 2022/12/01 22:10:24   MST/HNR
    # Night, No_Moon where nothing else is said
    _night("20221201", "07:10:22", _e("arc", -2, 12, 6, north_km=170), _e("band", 11, 24, 33, north_km=60),
           _e("diffuse", 22, 33, 9, north_km=-20)),
    # Astronomical to Night, Moon_Full
    _night("20221206", "01:00:14", _e("band", 9, 31, 67.5, north_km=-60)),
    # Astronomical to Nautical, Moon_Full, thin cloud
    _night("20221208", "14:34:02", _e("arc", 2, 20, 38, north_km=80), clouds=CIRRUS),
    # Nautical, Moon_Quarter
    _night("20221213", "14:52:40", _e("band", 6, 23, 90, north_km=40)),
    _night("20221217", "08:05:12", _e("diffuse", 12, 35, 12, north_km=30, turn=15), clouds=CIRRUS),
    _night("20221220", "07:30:41", _e("arc", 4, 19, 5, north_km=160), _e("band", 18, 33, 24, north_km=70)),
    _night("20221223", "05:10:08", _e("diffuse", 21, 41, 3.5, north_km=100), town=900.0),
    _night("20221225", "08:40:33", _e("rays", 1, 12, 60, north_km=40, purple=0.5),
           _e("corona", 18, 31, 70, north_km=-10, red=0.4, purple=0.6)),
    # overcast, no aurora seen
    _night("20221228", "04:15:30", _e("band", 5, 25, 12), clouds=OVERCAST, town=1500.0),
    # Nautical, Moon_Full: moonlit cloud and twilight without aurora
    _night("20230203", "00:40:20", clouds=BROKEN),
    _night("20230211", "04:20:45", _e("patchy", 8, 26, 8, north_km=-40, pulsation=0.6)),
    _night("20230218", "06:50:56", _e("band", 7, 29, 39, north_km=20), clouds=BROKEN),
    _night("20230220", "08:10:17", _e("arc", -2, 9, 7, north_km=120),
           _e("corona", 14, 28, 96, north_km=-30, red=0.8, purple=0.6)),
    _night("20230222", "05:40:39", clouds=OVERCAST, town=1200.0),
    _night("20230226", "09:15:03", _e("band", 3, 17, 45, north_km=-120, turn=-12), _e("diffuse", 16, 30, 14)),
    # Astronomical to Night, Moon_Quarter
    _night("20230227", "03:06:45", _e("arc", 10, 32, 18, north_km=40)),
    # 2024-02 to 2025-01: the new overlay, 2024-01-31 18:19:54 MST
    _night("20240203", "06:20:31", _e("arc", 5, 21, 10, north_km=-150), _e("rays", 24, 35, 56, north_km=60, red=0.6)),
    # snow on the dome
    _night("20240207", "07:00:11", _e("arc", 3, 15, 8, north_km=-90),
           _e("patchy", 21, 38, 7, north_km=-60), weather=Weather(snow=0.3)),
    _night("20240209", "09:20:27", _e("diffuse", -3, 12, 9, north_km=-40), _e("patchy", 18, 32, 9, pulsation=0.5)),
    # a gap of 12 minutes between two video frames
    _night("20240211", "06:05:52", _e("band", 8, 30, 21, north_km=90, purple=0.4),
           _e("rays", 40, 49, 48, north_km=30), gap=(205, 12)),
    _night("20240214", "08:45:16", clouds=MOTTLED, town=1000.0),
    # Nautical to Astronomical, Moon_Quarter
    _night("20240219", "01:52:30", _e("band", 4, 24, 82.5, north_km=30)),
    # Night, Moon_Full
    _night("20240224", "06:30:25", _e("diffuse", 10, 27, 24), clouds=CIRRUS),
    # the clock goes from 02:00 MST to 03:00 MDT
    _night("20240310", "08:40:07", _e("band", 5, 15, 18, north_km=50),
           _e("rays", 22, 34, 50, north_km=-20, red=0.5)),
    _night("20240312", "06:30:48", _e("arc", 27, 41, 4, north_km=220), town=250.0),
    # Night, Moon_Quarter, thin cloud
    _night("20240317", "04:35:05", _e("band", 12, 29, 45, north_km=110), clouds=CIRRUS),
    # frost on the dome
    _night("20240305", "07:25:50", _e("band", 14, 29, 30, north_km=20), weather=Weather(frost=0.35)),
    # damaged bits in seven video frames
    _night("20241202", "07:15:36", _e("rays", 6, 24, 40, north_km=60, purple=0.5),
           damaged=(138, 139, 140, 141, 186, 189, 190)),
    # Nautical to Astronomical, No_Moon
    _night("20241203", "00:00:19", _e("diffuse", 15, 34, 22, north_km=120)),
    _night("20241207", "05:35:27", _e("arc", 2, 14, 12, north_km=240),
           _e("band", 15, 30, 90, north_km=-30, purple=0.7)),
    # Night, Moon_Quarter
    _night("20241211", "06:40:44", _e("corona", 8, 22, 80, red=0.5, purple=0.5)),
    _night("20241229", "09:45:22", _e("arc", 6, 24, 12, north_km=10), clouds=CIRRUS),
    _night("20241231", "10:20:58", _e("patchy", 3, 19, 6, north_km=-80, pulsation=0.7), clouds=MOTTLED),
    _night("20250103", "08:30:09", weather=Weather(snow=0.45)),
    # Astronomical to Nautical, No_Moon
    _night("20250109", "14:40:50", _e("patchy", -2, 17, 14, north_km=-30)),
    # Night, Moon_Full, moonlit broken cloud
    _night("20250113", "05:00:33", _e("band", 8, 26, 75, north_km=-20), clouds=BROKEN),
    # Astronomical, No_Moon: dawn and thin overcast without aurora
    _night("20250122", "13:55:12", clouds=SOME_OVERCAST),
    _night("20250125", "05:50:37", _e("diffuse", 4, 20, 7, turn=20), _e("arc", 22, 37, 15, north_km=60)),
    # some pictures are black
    _night("20250128", "06:20:09", _e("arc", 2, 14, 9, north_km=180),
           _e("band", 18, 33, 33, north_km=100, red=0.4), black=(58, 59, 60, 61, 62, 119, 120, 121)),
    _night("20250131", "10:10:44", _e("diffuse", 5, 17, 7, north_km=-20),
           _e("patchy", 15, 31, 8, north_km=-80), clouds=BROKEN, town=800.0),
)  # fmt: skip
