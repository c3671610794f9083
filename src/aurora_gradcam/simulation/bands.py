"""Cameras of one band: what filters pass, and the false colours that their pictures are shown in.

Scenes are rendered in red, green and blue. A continuum is turned into the band at the sensor, by `Band.sky`; aurora is
rendered as grey light of the strength that the band sees, which the sensor leaves as it is since shares add up to 1.
So a filter for 630.0 nm sees nothing of the green line, though a colour camera's red band sees a quarter of it.
"""

from __future__ import annotations

from functools import cache

import matplotlib
import numpy as np
import torch
from torch import Tensor

from . import emission
from .camera import Look
from .equipment import Band

GREEN_AIRGLOW, RED_AIRGLOW = 0.19, 0.05
"""Shares of 557.7 nm, 250 R, and of 630.0 nm, 60 R, in the light of the dark sky (Leinert et al. 1998, A&AS 127, 1,
table 13; 1 kR is `emission.NANOLAMBERT`, the dark zenith 79 nanolambert)."""
HYDROXYL = (2.5, 8.0)
"""By how much hydroxyl's bands make the dark sky brighter in the near infrared than in the visible: Leinert et al.
(1998, section 6) give 4.5 MR for all of them up to 4 micrometres, of which filters pass more or less."""
NARROW = (0.015, 0.4)
"""Share of a broad band's continuum that interference filters pass, about 2 to 40 of 100 nm."""
NAMES = ("grey", "green", "red", "blue", "infrared")
SHARES = (0.5, 0.15, 0.15, 0.08, 0.12)
"""How often each band is drawn; by choice."""
TINTS = {"green": (0.1, 1.0, 0.15), "red": (1.0, 0.12, 0.1), "blue": (0.2, 0.35, 1.0), "amber": (1.0, 0.72, 0.25)}
MAPS = ("viridis", "inferno", "hot", "jet", "cividis", "bone", "cubehelix", "magma")
FALSE_COLOUR = 0.3
"""Share of such cameras whose pictures are shown in false colours."""


def random_band(generator: np.random.Generator) -> Band:
    """A band, its filter's width and its palette."""
    name = str(generator.choice(NAMES, p=SHARES))
    narrow = float(np.exp(generator.uniform(*np.log(NARROW))))
    broad = generator.random() < 0.4
    hydroxyl = float(generator.uniform(*HYDROXYL))
    palette = "grey"
    if generator.random() < FALSE_COLOUR:
        tint = name if name in TINTS else "amber" if name == "infrared" else "green"
        palette = tint if generator.random() < 0.5 else str(generator.choice(MAPS))
    return band_of(name, 1.0 if broad else narrow, hydroxyl, palette)


def band_of(name: str, width: float = 0.05, hydroxyl: float = 4.0, palette: str = "grey") -> Band:
    """The band of a name behind a filter that passes the share `width` of a broad band's continuum.

    A width of 1 is dyed glass, which sees what a colour camera sees in that band. Near infrared (700 to 900 nm) holds
    nitrogen's first positive bands, which follow the green line's height within 10 km but for the pink border, and
    oxygen's 777.4 and 844.6 nm high above (Vallance Jones 1974, chapter 4).
    """
    if name == "grey":
        return Band(name, (0.35, 0.4, 0.25), (1.0, 0.8, 0.7, 1.1), 1.4, palette)
    if name == "infrared":
        strength = min(1 / width, 4.0)
        return Band(name, (1.3, -0.3, 0.0), (0.7 * strength, 0.15 * strength, 0.0, strength), hydroxyl, palette)
    sky = {"red": (1.0, 0.0, 0.0), "green": (0.0, 1.0, 0.0), "blue": (0.0, 0.0, 1.0)}[name]
    if width >= 1:
        green, red, blue, pink = (colour[sky.index(1.0)] for colour in emission.COLOURS)
        return Band(name, sky, (green, red, blue, pink), 1.0, palette)
    strength = 1 / width
    line_share = {"green": GREEN_AIRGLOW, "red": RED_AIRGLOW, "blue": 0.0}[name]
    lines = (strength * (name == "green"), strength * (name == "red"), strength * (name == "blue"), 0.0)
    return Band(name, sky, lines, 1 - line_share + line_share * strength, palette)


def aurora_colours(look: Look) -> tuple[tuple[float, float, float], ...]:
    """How the camera's bands see each emission, like `emission.COLOURS`."""
    return emission.COLOURS if look.band is None else tuple((seen, seen, seen) for seen in look.band.lines)


@cache
def palette(name: str) -> Tensor:
    """Levels of red, green and blue for each level, (256, 3)."""
    if name in TINTS:
        return torch.arange(256.0)[:, None] * torch.tensor(TINTS[name])
    return torch.from_numpy(np.asarray(matplotlib.colormaps[name](np.linspace(0, 1, 256)))[:, :3] * 255.0).float()


def coloured(levels: Tensor, name: str) -> Tensor:
    """Grey pictures (batch, 3, height, width), levels 0..255, in the colours of a palette, interpolated."""
    if name == "grey":
        return levels
    table = palette(name).to(levels.device)
    grey = levels[:, 0].clamp(0, 255)
    low = grey.to(torch.int64).clamp_max(254)
    share = (grey - low)[..., None]
    return torch.lerp(table[low], table[low + 1], share).permute(0, 3, 1, 2)
