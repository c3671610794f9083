"""Simulate nights that are planned, and plan nights at random."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import ValidationError

from ..config import Site
from ..errors import ConfigError, first_problem
from ..parallel import map_nights, worker_count
from ..progress import track
from .camera import AURORAMAX_2018, AURORAMAX_2024, Camera
from .cameras import random_camera
from .draw import random_plan
from .nights import labels_of, simulate_night, write_labels
from .plan import Plan

LABELS = Path("labels/labels.csv")


def site_of(text: str) -> Site:
    """The site that `LATITUDE,LONGITUDE,METRES,TIMEZONE` names; the last two may be left out, or all for Yellowknife.

    Raises
    ------
    ConfigError : a part is no number, out of range or no time zone.
    """
    if not text:
        return Site()
    parts = [part.strip() for part in text.split(",")]
    names = ("latitude", "longitude", "elevation_m", "timezone")
    fix = "write it like 78.148,16.043,520,Arctic/Longyearbyen"
    if not 2 <= len(parts) <= len(names):
        raise ConfigError(f"'{text}' has {len(parts)} parts, not 2 to 4", "--site", fix)
    given = dict(zip(names, parts, strict=False))
    given.setdefault("timezone", "UTC")
    try:
        return Site.model_validate(given)
    except ValidationError as error:
        key, message = first_problem(error)
        raise ConfigError(f"{key} {message}", "--site", fix) from error


def camera_of(name: str, seed: int) -> Camera | None:
    """The camera of a name; None, which leaves the choice to the year, for an empty one.

    Raises
    ------
    ConfigError : an unknown name.
    """
    if not name:
        return None
    if name == "random":
        return random_camera(np.random.default_rng(seed))
    known = {camera.name: camera for camera in (AURORAMAX_2018, AURORAMAX_2024)}
    if name not in known:
        raise ConfigError(f"'{name}' is no camera", "--camera", f"use one of {', '.join(known)}, random")
    return known[name]


def check_choice(nights: Sequence[str], sample: bool, site: Site, camera: str) -> None:
    """Either nights or the bundled season.

    Raises
    ------
    ConfigError : neither is asked for, or both; the season with another site or camera.
    """
    if sample == bool(nights):
        raise ConfigError("give either --nights or --sample", "aurora simulate", "such as --nights 20240201,20240202")
    if sample and (camera or site != Site()):
        raise ConfigError("the season has its own site and cameras", "--sample", "leave out --site and --camera")


def plans_of(nights: Sequence[str], minutes: int, seed: int, site: Site, camera: str = "") -> list[Plan]:
    """Nights drawn at random.

    Raises
    ------
    ConfigError : a night twice or none of the calendar; a bad length, seed or camera.
    """
    if minutes < 1 or minutes > 720:
        raise ConfigError(f"{minutes} minutes are no length of a night", "--minutes", "take 1 to 720")
    if seed < 0:
        raise ConfigError(f"{seed} is no seed", "--seed", "take a whole number from 0")
    if len(set(nights)) != len(nights):
        raise ConfigError("a night is listed twice", "--nights")
    return [random_plan(night, minutes, seed, site, camera_of(camera, seed)) for night in nights]


def run(plans: Sequence[Plan], seed: int, site: Site, root: Path, labels: Path | None = None) -> pd.DataFrame:
    """Write videos, truth and labels of these nights below `root`; return the truth of all.

    labels : the label file, by default `labels/labels.csv` below `root`.
    """
    simulate_one = partial(simulate_night, seed=seed, site=site, root=root)
    if len(plans) < worker_count():
        # too few nights to give each processor simulate_one: they share the frames of a night
        truths = [simulate_one(plan, workers=worker_count()) for plan in track(plans, "simulating nights")]
    else:
        truths = map_nights(simulate_one, plans, "simulating nights")
    truth = pd.concat(truths, ignore_index=True)
    write_labels(labels or root / LABELS, [plan.night for plan in plans], labels_of(truth))
    return truth
