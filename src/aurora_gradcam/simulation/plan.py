"""What happens in a simulated night: when it begins, what aurora, clouds and faults it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from .camera import AURORAMAX_2018, Camera

SECONDS_PER_FRAME = 6
FRAMES_PER_MINUTE = 10
FORMS = ("none", "arc", "band", "rays", "corona", "diffuse", "patchy")
CLOUD_KINDS = ("cirrus", "altocumulus", "cumulus", "stratus")
TINTS = ("sodium", "led", "mercury")


@dataclass(frozen=True)
class Episode:
    """Aurora of one form between two minutes of the night.

    `strength` is the green line's column emission, in kilorayleigh, where it is brightest, seen along the zenith: 1 is
    as bright as the Milky Way (IBC I), 10 as moonlit cirrus (II), 100 as moonlit cumulus (III). `north_km` is the place
    of its middle at 100 km height, magnetic north of the camera, `turn` by how many degrees it lies across the magnetic
    east-west line. `red` and `purple` are shares, 0..1, of the high red line and of nitrogen's lower border.
    `pulsation`, 0..1, is the share of the light that goes on and off. `green`, 0..1, multiplies the green line and what
    comes with it: 0 leaves the red line alone. `striations`, 0..1, is how dark the gaps across a diffuse aurora are,
    `extent` multiplies its width.

    Without a `course` the aurora is as strong as `strength` from `start` to `end` but for a short ramp. A course gives
    the decimal logarithm of the kilorayleigh at some minutes, a `path` the `north_km` at some minutes, both linear
    between them; `activity` makes them.
    """

    form: str
    start: float
    end: float
    strength: float
    north_km: float = 0.0
    red: float = 0.0
    purple: float = 0.1
    turn: float = 0.0
    pulsation: float = 0.0
    green: float = 1.0
    striations: float = 0.0
    extent: float = 1.0
    course: tuple[tuple[float, float], ...] = ()
    path: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class CloudLayer:
    """Clouds of a kind over a share `cover` of the sky, of optical depth `depth` where they are thick.

    `wind` is the way in km a minute to the east and to the north.
    """

    kind: str
    cover: float
    depth: float
    wind: tuple[float, float] = (0.4, 0.1)


@dataclass(frozen=True)
class Town:
    """The glow of a town: nanolambert at 10 degrees altitude in its direction, half width in degrees, kind of lamps."""

    azimuth: float
    light: float
    width: float = 50.0
    tint: str = "sodium"


@dataclass(frozen=True)
class Weather:
    """What lies on the dome, each 0 (nothing) to 1 (all over): snow, hoarfrost and drops of water."""

    snow: float = 0.0
    frost: float = 0.0
    drops: float = 0.0


@dataclass(frozen=True)
class Surroundings:
    """What stands on the horizon, drawn from `seed`: shares 0..1 of it taken by trees and buildings, and numbers."""

    seed: int = 2
    trees: float = 0.5
    buildings: float = 0.0
    poles: int = 0
    lamps: int = 0
    hills: float = 0.0


@dataclass(frozen=True)
class Waves:
    """Green airglow crossed by gravity waves, drawn from `seed`.

    `kilorayleigh` is the 557.7 nm line in the zenith beyond that of a quiet night, `contrast` the amplitude of the
    waves as a share of it, `wavelength` in km, `azimuth` that to which they travel, `speed` in km a minute.
    """

    kilorayleigh: float = 0.5
    contrast: float = 0.15
    wavelength: float = 40.0
    azimuth: float = 0.0
    speed: float = 3.0
    seed: int = 0


YELLOWKNIFE = (Town(azimuth=205.0, light=300.0, tint="led"),)


@dataclass(frozen=True)
class Plan:
    """One night. `airglow` is 1 at a zenith of 79 nanolambert.

    `exposure_s` is the time in seconds during which a frame gathers light: clouds, aurora and stars move meanwhile; 0
    freezes them. `droplets` is the mean radius in micrometres of the clouds' droplets, which draw a corona about the
    Moon; 0 draws none.

    `gap` is (video frame before which the camera stood still, minutes); faults name video frames.
    """

    night: str
    start: datetime
    frames: int
    episodes: tuple[Episode, ...] = ()
    clouds: tuple[CloudLayer, ...] = ()
    weather: Weather = Weather()
    surroundings: Surroundings = Surroundings()
    towns: tuple[Town, ...] = YELLOWKNIFE
    airglow: float = 1.0
    camera: Camera = AURORAMAX_2018
    gap: tuple[int, int] | None = None
    black: tuple[int, ...] = ()
    damaged: tuple[int, ...] = ()
    exposure_s: float = 0.0
    waves: Waves | None = None
    droplets: float = 0.0

    def times(self) -> list[datetime]:
        """UTC of every video frame."""
        skip_at, minutes = self.gap or (self.frames, 0)
        return [
            self.start + timedelta(seconds=SECONDS_PER_FRAME * k, minutes=minutes if k >= skip_at else 0)
            for k in range(self.frames)
        ]

    def minutes(self) -> np.ndarray:
        """Minutes from the start to every video frame."""
        return np.array([(time - self.start).total_seconds() / 60 for time in self.times()])
