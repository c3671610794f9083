"""The simulator's truth about each frame, in the groups of the thesis's figures: form, colour and weather."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..tables.kinds import CLASSES, FORM

FORMS = {
    "arc": "arc", "band": "arc", "rays": "radial", "corona": "radial", "diffuse": "diffuse", "patchy": "diffuse",
}  # fmt: skip
"""The simulator's forms by the study's three."""
CLEAR_BELOW, CLOUDY_FROM = 0.1, 0.5
"""Shares of the sky under cloud."""
COLOURED_FROM = 0.3
"""Share of high-altitude red, or of nitrogen's purple, from which the eye sees it; both together look pink."""
NAMES = ("form", "colour", "weather")


def described(truth: pd.DataFrame) -> pd.DataFrame:
    """frame_id, visible, form, colour, weather, true_cloud, true_form and true_strength, the last three as heads tell.

    Null where one does not apply or the simulator did not write it.

    Parameters
    ----------
    truth
        Frame_id, visible, form, cloud_fraction, and, from simulators that write them, red, purple, snow, cloud and
        strength_kr.
    """
    visible = truth["visible"].astype(bool)
    clouds = truth["cloud_fraction"]
    red, purple, snow = (
        truth.get(name, pd.Series(np.nan, truth.index)) for name in ("red", "purple", "snow")
    )  # nan compares as false, so that a missing column claims nothing
    is_red, is_purple = red >= COLOURED_FROM, purple >= COLOURED_FROM
    colours = {"pink": is_red & is_purple, "red": is_red & ~is_purple, "purple": is_purple & ~is_red}
    weather = {"snow": snow > 0, "clear": clouds < CLEAR_BELOW, "cloud": clouds >= CLOUDY_FROM}
    return pd.DataFrame(
        {
            "frame_id": truth["frame_id"],
            "visible": visible,
            "form": truth["form"].map(FORMS).where(visible),
            "colour": _first_true(colours, truth.index).where(visible),
            "weather": _first_true(weather, truth.index).where(~visible),
            "true_cloud": truth.get("cloud", pd.Series(None, truth.index, dtype=object)),
            "true_form": truth["form"].where(truth["form"].isin(CLASSES[FORM])),
            "true_strength": truth.get("strength_kr", pd.Series(np.nan, truth.index)).where(visible),
        }
    )


def _first_true(conditions: dict[str, pd.Series], index: pd.Index) -> pd.Series:
    return pd.Series(np.select(list(conditions.values()), list(conditions), default=""), index).replace("", None)
