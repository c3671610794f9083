"""What a camera has beside lens and sensor: filter, automatic stretch, overlays, faults, dirt and passers-by.

Only settings; the modules that are named with each draw them. None of it belongs to the cameras of the bundled sample.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Band:
    """The one band of light that a camera without colours records; see `bands`.

    `sky` are the shares of red, green and blue light in what it sees of a continuum; they add up to 1. `lines` tells
    how strongly it sees each emission of `emission.COLOURS` against a continuum of the same light, which a narrow
    filter stops; `airglow` by how much the dark sky is brighter in it. `palette` names the colours of the picture.
    """

    name: str
    sky: tuple[float, float, float]
    lines: tuple[float, float, float, float]
    airglow: float = 1.0
    palette: str = "grey"


@dataclass(frozen=True)
class Optics:
    """What lens, dome and sensor make of the Moon beside `moon`'s glare; see `moon_optics`.

    `bloom` is the distance, in units of the circle's radius, out to which the glare of a full Moon saturates the
    sensor, and `fall` the power of its fall beyond; `spikes` is a number of diffraction spikes, `turn` their direction
    in radians and `spike` their light against the bloom's; `ghosts` are reflexes: place on the line from the Moon (1)
    through the axis (0), radius in units of the circle's, light in units of the exposure, and tint; `smear` is the
    light of the bright column that a saturated charge-coupled device leaves.
    """

    bloom: float = 0.0
    fall: float = 2.0
    spikes: int = 0
    turn: float = 0.0
    spike: float = 0.0
    ghosts: tuple[tuple[float, float, float, tuple[float, float, float]], ...] = ()
    smear: float = 0.0


@dataclass(frozen=True)
class Stretch:
    """How a camera's program spreads the levels of each picture; see `stretch`.

    The percentiles `low` and `high` of the sky's levels become black and `white`, of each colour alone if
    `by_colour`, with a gamma between them; 0 and 100 leave black and white as they are. Before the gamma no difference
    grows more than `steepest` times. `clip`, above 0, adds local
    contrast in `tiles` x `tiles` tiles with that limit, mixed in by the share `local`.
    """

    low: float = 0.0
    high: float = 100.0
    white: float = 255.0
    gamma: float = 1.0
    steepest: float = 8.0
    by_colour: bool = False
    clip: float = 0.0
    tiles: int = 4
    local: float = 1.0


@dataclass(frozen=True)
class Faults:
    """What a sensor adds to the light, in levels; see `faults`. `seed` draws the places that never change.

    `hot` is the share of pixels that are hot; `rows` and `columns` the deviation of the offsets of rows, new in each
    picture, and of columns; `wave` the amplitude of an interference of `period` rows; `glow` the level of the
    amplifier's glow at the corner or side `corner`, degrees clockwise from the top.
    """

    seed: int = 0
    hot: float = 0.0
    rows: float = 0.0
    columns: float = 0.0
    wave: float = 0.0
    period: float = 8.0
    glow: float = 0.0
    corner: float = 45.0


@dataclass(frozen=True)
class Framing:
    """What part of the circle the sensor records, and how finely; see `framing`.

    `reach` are the distances from the circle's middle to the sensor's left, upper, right and lower edge, in units of
    the circle's radius; 1 cuts nothing. `chords` cut off what lies beyond straight lines, as masks of people do:
    direction in degrees clockwise from the top, and distance. `original` is the side in pixels of the square around the
    circle as recorded, 0 if it is no smaller than the picture; `upscaling` is how it was blown up.
    """

    reach: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    chords: tuple[tuple[float, float], ...] = ()
    original: int = 0
    upscaling: str = "bilinear"


@dataclass(frozen=True)
class Markings:
    """What is drawn into the circle, by kind; see `markings`. `seed` draws places, texts and colours."""

    seed: int = 0
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transients:
    """What passes through the picture now and then, by kind; see `transients`. `share` is how often, frame by frame."""

    seed: int = 0
    kinds: tuple[str, ...] = ()
    share: float = 0.7


@dataclass(frozen=True)
class Films:
    """What lies on the dome beside `plan.Weather`, each from 0, nothing, to 1; see `films`.

    `lit` is the brightness of threads and crystals in units of the sky's mean light: lamps make it more than 1.
    """

    seed: int = 0
    web: float = 0.0
    flowers: float = 0.0
    dew: float = 0.0
    ring: float = 0.0
    creatures: int = 0
    lit: float = 1.5


@dataclass(frozen=True)
class Equipment:
    """All of it; by default none. `jpeg` is the quality at which pictures are stored, 0 for no loss."""

    optics: Optics = Optics()
    stretch: Stretch | None = None
    faults: Faults = Faults()
    framing: Framing = Framing()
    markings: Markings = Markings()
    transients: Transients = Transients()
    films: Films = Films()
    jpeg: int = 0


NONE = Equipment()
