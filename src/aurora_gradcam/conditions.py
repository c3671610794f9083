"""The vocabulary of illumination: classes of Sun and Moon, and the study's nine conditions."""

from __future__ import annotations

SUN_CLASSES = ("Night", "Astronomical", "Nautical", "Civil", "Day")
MOON_CLASSES = ("No_Moon", "Moon_Quarter", "Moon_Full")
DARK_SUN_CLASSES = SUN_CLASSES[:3]
CONDITIONS = tuple((sun, moon) for moon in MOON_CLASSES for sun in DARK_SUN_CLASSES)
"""The study's nine illumination conditions as (sun class, moon class)."""


def condition_name(sun_class: str, moon_class: str) -> str:
    """`Night`, `No_Moon` -> `Night x No_Moon`."""
    return f"{sun_class} x {moon_class}"
