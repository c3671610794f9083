"""What happens in a simulated night: when it begins, what aurora, clouds and faults it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from ..config import Site
from ..errors import ConfigError
from .ephemeris import ephemeris

SECONDS_PER_FRAME = 6
FRAMES_PER_MINUTE = 10
FORMS = ("none", "arc", "band", "rays", "corona", "diffuse", "patchy")
CLOUDS = ("clear", "thin", "broken", "overcast")


@dataclass(frozen=True)
class Episode:
    """Aurora of one form between two minutes of the night.

    `strength` is the brightest linear light (0.02 faint, 0.1 plain, 0.5 brilliant); `north_km` the place of its
    middle north of the camera; `red` and `purple` are shares of high red and of nitrogen's purple.
    """

    form: str
    start: float
    end: float
    strength: float
    north_km: float = 0.0
    red: float = 0.0
    purple: float = 0.1


@dataclass(frozen=True)
class Plan:
    """One night. `gap` is (video frame before which the camera stood still, minutes); faults name video frames."""

    night: str
    start: datetime
    frames: int
    episodes: tuple[Episode, ...] = ()
    clouds: str = "clear"
    snow: float = 0.0
    town: float = 1.0
    gap: tuple[int, int] | None = None
    black: tuple[int, ...] = ()
    damaged: tuple[int, ...] = ()

    def times(self) -> list[datetime]:
        """UTC of every video frame."""
        skip_at, minutes = self.gap or (self.frames, 0)
        return [
            self.start + timedelta(seconds=SECONDS_PER_FRAME * k, minutes=minutes if k >= skip_at else 0)
            for k in range(self.frames)
        ]


def random_plan(night: str, minutes: int, seed: int, site: Site) -> Plan:
    """A night drawn at random in the dark part of the night that ends on the morning of `night`.

    Raises
    ------
    ConfigError : `night` is no date, or the sun never stays 6 degrees below the horizon for that long.
    """
    try:
        morning = datetime.strptime(night, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise ConfigError(f"'{night}' is no night", "--nights", "write the morning's date like 20240201") from error
    generator = np.random.default_rng([seed, int(night)])
    # 00 UTC to 16 UTC holds the whole night at the longitudes of the study
    steps = [morning + timedelta(minutes=15 * k) for k in range(64)]
    sun = ephemeris(steps, site).sun_altitude
    needed = -(-minutes // 15) + 2  # the begin lies anywhere in the first quarter of an hour
    dark = [k for k in range(len(steps) - needed + 1) if sun[k : k + needed].max() <= -6]
    if not dark:
        raise ConfigError(
            f"the sun does not stay 6 degrees below the horizon for {minutes} minutes in the night {night}",
            "--nights",
            "take a night from September to April, or fewer --minutes",
        )
    start = steps[int(generator.choice(dark))] + timedelta(seconds=int(generator.integers(0, 900)))
    episodes, minute = [], float(generator.uniform(-5, 10))
    while minute < minutes:
        length = float(generator.uniform(5, 14))
        strength = float(np.exp(generator.uniform(np.log(0.03), np.log(0.4))))
        form = str(generator.choice(FORMS[1:]))
        red, purple = float(generator.uniform(0, 0.5) ** 2), float(generator.uniform(0, 0.3))
        episodes.append(
            Episode(form, minute, minute + length, strength, float(generator.uniform(-150, 250)), red, purple)
        )
        minute += length + float(generator.uniform(-2, 10))
    return Plan(
        night,
        start,
        minutes * FRAMES_PER_MINUTE,
        tuple(episodes),
        str(generator.choice(CLOUDS)),
        town=float(generator.uniform(0.5, 1.5)),
    )
