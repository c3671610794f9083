"""Aurora that lives: how active a night is minute by minute, and what aurora follows from it.

Activity is an index 0..1 on a logarithmic scale of brightness: 0 is far below what can be seen, 1 fills any sensor.
It rises slowly before a substorm, steeply at its onset, and decays afterwards (Akasofu 1964, Planet. Space Sci. 12,
273); arcs, break-up and patches follow one another and fade into each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from .plan import Episode

LOWEST, HIGHEST = -1.3, 2.5
"""Decimal logarithm of the kilorayleigh of index 0 and 1."""
BRIGHTEST = 2.8
"""Decimal logarithm of the kilorayleigh that a course does not exceed: 1000, IBC IV, is hardly ever met."""
STEP = 0.5
"""Minutes between the values of a series."""
BEFORE, AFTER = 90.0, 30.0
"""Minutes before a night's start from which its activity is followed, and after its end until which."""
ONSETS = (60.0, 270.0)
"""Least and greatest minutes between two onsets; their mean is the 2.75 hours that are most common (Borovsky, Nemzek &
Belian 1993, J. Geophys. Res. 98, 3807)."""
GROWTH, EXPANSION, RECOVERY = 45.0, 9.0, 35.0
"""Minutes of the rise before an onset, of that after it, and in which activity decays e-fold (Akasofu 1964)."""
QUIET, BEFORE_ONSET = -0.2, -0.1
"""Index against that of a substorm's peak, long after a substorm and at the end of the rise before the next one."""
RESTLESS, MEMORY = 0.05, 8.0
"""Deviation of the index about that course, and minutes in which it forgets."""
QUIET_KR, STEEPNESS = 0.6, 2.0
"""Kilorayleigh of a substorm's peak at Kp 0, and the power of the hemispheric power with which it grows; by choice, so
that a substorm at Kp 2 is as bright as thin moonlit cloud, 15 kilorayleigh, and one at Kp 5 beyond IBC III, 130."""
MIDNIGHT, DIURNAL = 23.0, 0.25
"""Hour of magnetic local time at which discrete aurora is most common (Newell, Sotirelis & Wing 2009, J. Geophys. Res.
114, A09207), and by how many decades it is brighter then than in the mean; the number is a choice."""
WANDER_MINUTES, WANDER_KM = 20.0, 60.0
"""Minutes between the places of the quiet arc, and how far it moves meanwhile."""
FADED = -3.0
"""Decades below its strength at which an aurora begins and ends."""
POLEWARD = {
    "A0": (-0.07, 24.54, -12.53, 2.15),
    "A1": (-10.06, 19.83, -9.33, 1.24),
    "a1": (-6.61, 10.17, -5.80, 1.19),
    "A2": (-4.44, 7.47, -3.01, 0.25),
    "a2": (6.37, -1.10, 0.34, -0.38),
    "A3": (-3.77, 7.90, -4.73, 0.91),
    "a3": (-4.48, 10.16, -5.87, 0.98),
}
EQUATORWARD = {
    "A0": (1.61, 23.21, -10.97, 2.03),
    "A1": (-9.59, 17.78, -7.20, 0.96),
    "a1": (-2.22, 1.50, -0.58, 0.08),
    "A2": (-12.07, 17.49, -7.96, 1.15),
    "a2": (-23.98, 42.79, -26.96, 5.56),
    "A3": (-6.56, 11.44, -6.73, 1.31),
    "a3": (-20.07, 36.67, -24.20, 5.11),
}


@dataclass(frozen=True)
class Activity:
    """A night's activity: the index 0..1 every STEP minutes from `first` on, and the minutes of its onsets."""

    first: float
    index: tuple[float, ...]
    onsets: tuple[float, ...]

    def times(self) -> np.ndarray:
        """Minutes of the values, (n,)."""
        return self.first + STEP * np.arange(len(self.index))

    def at(self, minutes: np.ndarray) -> np.ndarray:
        """Index at minutes of any shape, linear between the values."""
        return np.interp(minutes, self.times(), self.index)


def log_kilorayleigh(index: np.ndarray) -> np.ndarray:
    """Decimal logarithm of an aurora's strength in kilorayleigh at an index 0..1: linear from LOWEST to HIGHEST."""
    return LOWEST + (HIGHEST - LOWEST) * np.clip(index, 0.0, 1.0)


def hemispheric_power(kp: np.ndarray) -> np.ndarray:
    """Power in gigawatts that precipitating electrons bring to a hemisphere at a Kp of 0 to 9.

    Zhang & Paxton 2008 (J. Atmos. Sol.-Terr. Phys. 70, 1231), equation 1.
    """
    kp = np.asarray(kp, float)
    return np.where(kp <= 5, 38.66 * np.exp(0.1967 * kp) - 33.99, 4.592 * np.exp(0.4731 * kp) + 20.47)


def index_of(kp: np.ndarray, magnetic_hour: np.ndarray) -> np.ndarray:
    """Index 0..1 of a substorm's peak at a Kp of 0 to 9 and an hour of magnetic local time.

    The strength grows from QUIET_KR with a power of the hemispheric power; it is brightest at MIDNIGHT.
    """
    decades = np.log10(QUIET_KR) + STEEPNESS * np.log10(hemispheric_power(kp) / hemispheric_power(0.0))
    decades = decades + DIURNAL * np.cos(np.radians(15 * (np.asarray(magnetic_hour) - MIDNIGHT)))
    return np.clip((decades - LOWEST) / (HIGHEST - LOWEST), 0.0, 1.0)


def oval(kp: float, magnetic_hour: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corrected geomagnetic latitudes in degrees of the poleward and the equatorward edge of the auroral oval.

    Starkov 1994 (Geomagn. Aeron. 34, 331), as printed by Sigernes et al. 2011 (J. Space Weather Space Clim. 1, A03).
    """
    electrojet = 18 - 12.3 * kp + 27.2 * kp**2 - 2 * kp**3
    powers = np.log10(electrojet) ** np.arange(4)
    turn = np.radians(15 * np.asarray(magnetic_hour, float))

    def latitude(terms: dict[str, tuple[float, ...]]) -> np.ndarray:
        value = {name: float(np.dot(row, powers)) for name, row in terms.items()}
        waves = [value[f"A{k}"] * np.cos(k * turn + np.radians(15 * value[f"a{k}"])) for k in (1, 2, 3)]
        return 90 - (value["A0"] + sum(waves))

    return latitude(POLEWARD), latitude(EQUATORWARD)


def night_activity(generator: Generator, minutes: float, level: float | np.ndarray) -> Activity:
    """The activity of a night that lasts some minutes.

    Parameters
    ----------
    generator
        What the night is drawn from; the same state gives the same night.
    minutes
        Length of the night.
    level
        Index 0..1 of a substorm's peak, as `index_of` gives it: one number, or one for each of `times_of`.
    """
    times = times_of(minutes)
    course, onsets = variation(generator, times)
    return Activity(-BEFORE, tuple(np.clip(level + course, 0.0, 1.0).round(4).tolist()), onsets)


def times_of(minutes: float) -> np.ndarray:
    """Minutes every STEP from BEFORE the start of a night that lasts some minutes until AFTER its end, (n,)."""
    return np.arange(-BEFORE, minutes + AFTER, STEP)


def variation(generator: Generator, times: np.ndarray) -> tuple[np.ndarray, tuple[float, ...]]:
    """Index against that of a substorm's peak at even times in minutes, (n,), and the minutes of the onsets."""
    onsets = [float(times[0] + generator.uniform(-60.0, 90.0))]
    while onsets[-1] < times[-1]:
        onsets.append(onsets[-1] + float(generator.uniform(*ONSETS)))
    course = np.max([_substorm(times - onset) for onset in onsets], axis=0)
    step = float(times[1] - times[0])
    return _smoothed(course + _restless(generator, len(times), step), 1.5 / step), tuple(onsets)


def _substorm(since: np.ndarray) -> np.ndarray:
    """Index against the peak, at minutes since the onset."""
    growth = QUIET + (BEFORE_ONSET - QUIET) * np.clip(1 + since / GROWTH, 0, 1)
    risen = np.clip(since / EXPANSION, 0, 1)
    expansion = BEFORE_ONSET * (1 - risen**2 * (3 - 2 * risen))
    recovery = QUIET * (1 - np.exp(-np.clip(since - EXPANSION, 0, None) / RECOVERY))
    return np.where(since < 0, growth, np.where(since < EXPANSION, expansion, recovery))


def _restless(generator: Generator, count: int, step: float) -> np.ndarray:
    """An Ornstein-Uhlenbeck process of deviation RESTLESS, (count,)."""
    kept = np.exp(-step / MEMORY)
    steps = generator.normal(0, RESTLESS, count)
    values = np.empty(count)
    values[0] = steps[0]
    for k in range(1, count):
        values[k] = kept * values[k - 1] + np.sqrt(1 - kept**2) * steps[k]
    return values


def _smoothed(values: np.ndarray, deviation: float) -> np.ndarray:
    reach = int(3 * deviation) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    return np.convolve(np.pad(values, reach, mode="edge"), kernel / kernel.sum(), mode="valid")


def living(generator: Generator, episode: Episode, first: float, last: float) -> Episode:
    """The same aurora with a course of its own between two minutes: its strength is that of the course's mean.

    It grows and fades as activity does, up to BRIGHTEST, and drifts by up to some 15 km a minute towards pole or
    equator, as arcs do (Haerendel et al. 1993, J. Geophys. Res. 98, 5909, found 100 to 250 m/s).
    """
    times = np.arange(first, last + STEP, STEP)
    course, _ = variation(generator, times)
    decades = np.minimum(np.log10(episode.strength) + (HIGHEST - LOWEST) * (course - course.mean()), BRIGHTEST)
    drift = float(generator.normal(0, 5))
    ends = [episode.north_km - drift * (last - first) / 2, episode.north_km + drift * (last - first) / 2]
    return replace(
        episode,
        start=first,
        end=last,
        course=_knots(times, decades),
        path=_knots(np.array([first, last]), np.array(ends)),
    )


def _knots(times: np.ndarray, values: np.ndarray) -> tuple[tuple[float, float], ...]:
    return tuple(zip(times.round(3).tolist(), np.asarray(values).round(4).tolist(), strict=True))


def aurora_of(
    generator: Generator, activity: Activity, north_km: float, breadth_km: float = 0.0, arcs: int = 1
) -> tuple[Episode, ...]:
    """The aurora of a night: a veil and arcs throughout, and each substorm's arc, break-up and patches.

    `north_km` is where the oval's middle lies, to the magnetic north of the camera; `arcs` quiet arcs lie evenly over
    its breadth. Before the onset an arc drifts to the middle from the pole's side; the break-up expands back towards
    the pole; patches stay behind.
    """
    times = activity.times()
    last = float(times[-1])
    hours = np.arange(times[0], last + WANDER_MINUTES, WANDER_MINUTES)
    places = north_km + breadth_km * ((np.arange(arcs) + 0.5) / arcs - 0.5)
    paths = [_knots(hours, place + np.cumsum(generator.normal(0, WANDER_KM, len(hours)))) for place in places]
    veil = Episode("diffuse", times[0], last, 1.0, north_km, extent=2.0, striations=float(0.5 * generator.random()))
    quiet = [
        Episode(str(generator.choice(["arc", "band"])), times[0], last, 1.0, north_km, path=path) for path in paths
    ]
    episodes = [_part(activity, veil, 8.0, -0.8), *(_part(activity, arc, 8.0, -0.2) for arc in quiet)]
    for onset in activity.onsets:
        drift, surge = float(generator.uniform(2, 8)), float(generator.uniform(120, 420))
        began, broken, over = (onset + float(generator.uniform(*span)) for span in ((-60, -35), (14, 30), (50, 95)))
        arc = Episode("arc", began, onset + 4, 1.0, north_km, red=float(0.2 * generator.random()), path=(
            (began, north_km - drift * (began - onset)), (onset, north_km), (onset + 4, north_km + 20)
        ))  # fmt: skip
        form = str(generator.choice(["band", "rays", "corona"], p=[0.45, 0.35, 0.2]))
        breakup = Episode(
            form, onset - 1.5, onset + broken - onset, 1.0, north_km, red=float(generator.random() ** 2),
            purple=float(generator.random()), turn=float(generator.normal(0, 12)),
            path=((onset - 1.5, north_km), (onset + 10, north_km + (0.3 if form == "corona" else 1) * surge),
                  (broken, north_km + 0.2 * surge)),
        )  # fmt: skip
        later = str(generator.choice(["patchy", "diffuse"], p=[0.6, 0.4]))
        patches = Episode(
            later, onset + 6, over, 1.0, north_km - 80, turn=float(generator.normal(0, 12)),
            pulsation=float(generator.uniform(0.2, 0.9)) if later == "patchy" else 0.0,
            striations=float(generator.uniform(0, 0.8)) if later == "diffuse" else 0.0,
        )  # fmt: skip
        parts = ((arc, 6.0, 0.0), (breakup, 4.0, 0.25), (patches, 9.0, -0.4))
        episodes += [_part(activity, part, ramp, decades) for part, ramp, decades in parts if _seen(part, last)]
    return tuple(episodes)


def _seen(episode: Episode, last: float) -> bool:
    return episode.end > 0 and episode.start < last


def _part(activity: Activity, episode: Episode, ramp: float, decades: float) -> Episode:
    """The aurora with the course that activity gives it, `decades` above it, faded in and out within `ramp` minutes."""
    times = np.arange(episode.start, episode.end + STEP, STEP)
    ends = np.clip(np.minimum(times - episode.start, episode.end - times) / ramp, 0, 1)
    fade = FADED * (1 - ends**2 * (3 - 2 * ends))
    course = log_kilorayleigh(activity.at(times)) + decades + fade
    return replace(episode, strength=float(10 ** course.max()), course=_knots(times, course))
