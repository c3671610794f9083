"""Cameras drawn at random, so that a network trained on simulated skies meets far more cameras than the real ones.

Shares and ranges are by choice and wide: none is fitted to the look of a real night.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .bands import random_band
from .camera import AURORAMAX_2018, AURORAMAX_2024, Camera, Look
from .equip import STRETCHED, random_equipment
from .sensor import LUMINANCE, light_of_share
from .sky import ZENITH

KNOWN = 0.2
"""Share of cameras that resemble those of AuroraMAX."""
KNOWN_EQUIPMENT = 0.3
"""How often these have what other cameras may have beside lens and sensor, against the others."""
ONE_BAND = 0.3
"""Share of the other cameras that record one band of light alone."""
STRETCHED_BANDS = 0.6
"""Share of these whose pictures are stretched: light without colours is measured first, and shown afterwards."""
OFF_CENTRE = (0.15, 0.12)
"""Share of circles whose lens looks at another place than the circle's middle, and how far off in radii."""
SKY_COLOURS = {
    "violet": (1.10, 0.95, 1.60),
    "olive": (1.05, 1.05, 0.65),
    "brown": (1.25, 1.00, 0.65),
    "orange": (1.55, 1.00, 0.45),
    "green": (0.80, 1.15, 0.80),
    "blue": (0.70, 0.95, 1.50),
    "grey": (1.00, 1.00, 1.00),
    "deep violet": (1.15, 0.65, 1.85),
    "deep olive": (1.10, 1.15, 0.35),
    "deep green": (0.55, 1.30, 0.60),
    "teal": (0.50, 1.10, 1.10),
    "rose": (1.45, 0.75, 1.15),
}
"""Levels of red, green and blue of a dark sky, relative to its brightness; in the last five white balance failed."""


def random_camera(generator: np.random.Generator) -> Camera:
    """A camera whose projection, place, colours, exposure and noise are drawn from wide ranges."""
    known = generator.uniform() < KNOWN
    return (
        _like(AURORAMAX_2018 if generator.uniform() < 0.5 else AURORAMAX_2024, generator) if known else _any(generator)
    )


def _like(camera: Camera, generator: np.random.Generator) -> Camera:
    """The same model of camera, put up again and set a little differently."""

    def near(value: float, spread: float) -> float:
        return float(value * np.exp(generator.normal(0, spread)))

    look = camera.look
    red, green, blue = look.balance
    varied = replace(
        look,
        exposure=near(look.exposure, 0.35),
        balance=(near(red, 0.12), near(green, 0.06), near(blue, 0.15)),
        saturation=near(look.saturation, 0.2),
        black=tuple(np.maximum(generator.normal(0, 1.5, 3), 0).tolist()),
        gamma=near(look.gamma, 0.06),
        noise=near(look.noise, 0.4),
        shot=near(look.shot, 0.4),
        softness=near(look.softness, 0.3),
        vignette=float(np.clip(look.vignette + generator.normal(0, 0.1), 0, 0.6)),
        metering=float(generator.uniform(0.4, 1)),
    )
    return replace(
        camera,
        scale=near(camera.scale, 0.015),
        azimuth_up=float(generator.uniform(0, 360)),
        mirrored=bool(generator.uniform() < 0.5),
        tilt=float(generator.uniform(0, 2)),
        tilt_azimuth=float(generator.uniform(0, 360)),
        centre=_offset(generator, 0.012),
        edge=float(np.clip(near(camera.edge, 0.015), 0.98, 1.1)),
        look=varied,
        equipment=random_equipment(generator, KNOWN_EQUIPMENT),
    )


def _any(generator: np.random.Generator) -> Camera:
    projection = "equidistant" if generator.uniform() < 0.5 else "equisolid"
    # the circle ends at this angle from the axis; a stronger bend would let equisolid lenses fold back below 100
    end = np.radians(generator.uniform(75, 92))
    cubic = float(generator.uniform(-0.05, 0.02) if projection == "equidistant" else generator.uniform(-0.02, 0.03))
    scale = (1 - cubic * end**3) / (end if projection == "equidistant" else 2 * np.sin(end / 2))
    look = _any_look(generator)
    if generator.uniform() < ONE_BAND:
        look = _one_band(look, generator)
    return Camera(
        "drawn",
        projection,
        float(scale),
        cubic,
        azimuth_up=float(generator.uniform(0, 360)),
        mirrored=bool(generator.uniform() < 0.5),
        tilt=float(generator.uniform(0, 8) if generator.uniform() < 0.6 else generator.uniform(0, 1.5)),
        tilt_azimuth=float(generator.uniform(0, 360)),
        centre=_offset(generator, OFF_CENTRE[1] if generator.uniform() < OFF_CENTRE[0] else 0.03),
        edge=float(generator.uniform(0.9, 1.1)),
        look=look,
        equipment=random_equipment(generator, stretched=STRETCHED if look.band is None else STRETCHED_BANDS),
    )


def _any_look(generator: np.random.Generator) -> Look:
    gamma = float(generator.uniform(1.6, 2.4))
    bend = tuple(np.exp(generator.normal(0, 0.06, 3)).clip(0.85, 1.3).tolist())
    base = generator.uniform(0, 20) if generator.uniform() < 0.4 else generator.uniform(0, 4)
    black = tuple(np.clip(base * np.exp(generator.normal(0, 0.25, 3)), 0, 20).tolist())
    colours = np.array(list(SKY_COLOURS.values()))[generator.integers(len(SKY_COLOURS))]
    colours = colours * np.exp(generator.normal(0, 0.08, 3))
    # long exposures render the dark sky as bright as level 75, short ones nearly black
    dark = float(np.exp(generator.uniform(np.log(4), np.log(75))))
    needed = [light_of_share(min(dark * c / 255, 0.8) ** (gamma * b)) for c, b in zip(colours, bend, strict=True)]
    saturation = float(generator.uniform(0.3, 1.8))
    # the tint shall be that of the picture: undo what saturation will do to it, unless that would overshoot
    grey = float(np.dot(LUMINANCE, needed))
    balance = np.maximum(grey + (np.array(needed) - grey) / max(saturation, 0.6), 0.05 * grey)
    return Look(
        exposure=float(ZENITH / balance[1]),
        balance=tuple((balance / balance[1]).tolist()),
        saturation=saturation,
        black=black,
        gamma=gamma,
        noise=float(np.exp(generator.uniform(np.log(0.3), np.log(5)))),
        shot=float(np.exp(generator.uniform(np.log(0.3), np.log(4)))),
        softness=float(generator.uniform(0.5, 3)),
        vignette=float(generator.uniform(0, 0.6)),
        bend=bend,
        rim=float(np.exp(generator.uniform(np.log(0.01), np.log(0.2)))),
        leak=tuple((generator.uniform(0, [0.6, 0.3, 0.16]) * (generator.uniform() < 0.6)).tolist()),
        metering=float(generator.uniform(0.2, 1)) if generator.uniform() < 0.6 else 0.0,
        highlights=True,
    )


def _one_band(look: Look, generator: np.random.Generator) -> Look:
    """The same sensor without colours behind a filter, exposed up to three times longer for a dark sky.

    Such cameras are cooled, and their pictures shown brighter.
    """
    band = random_band(generator)
    longer = float(np.exp(generator.uniform(0, np.log(3))))
    middle = replace(look, black=(look.black[1],) * 3, bend=(look.bend[1],) * 3, band=band, highlights=False)
    return replace(middle, exposure=look.exposure * band.airglow / longer)


def _offset(generator: np.random.Generator, reach: float) -> tuple[float, float]:
    right, down = generator.uniform(-reach, reach, 2)
    return float(right), float(down)
