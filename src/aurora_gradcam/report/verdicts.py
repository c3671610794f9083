"""What the page and the cards say in words of the labels' gain and of the calibration."""

from __future__ import annotations

from .formats import Numbers, counted


def gain_text(gain: Numbers) -> str:
    """Whether training on the labels helped, from the gain in balanced accuracy."""
    if gain["low"] is None:
        nights = counted(gain["nights"], "test night")
        return f"With {nights} of the rarer class it cannot be told whether the labels helped."
    if gain["high"] < 0:
        return "The labels made the classifier worse: the starting weights do better as they are."
    if gain["low"] <= 0:
        return "The labels brought no gain in balanced accuracy that can be told from zero."
    return "The labels helped: the gain in balanced accuracy is above zero."


def sources(calibration: Numbers) -> tuple[str, str]:
    """Where temperature and threshold come from: val, half, default or params; val where the results do not tell."""
    return calibration.get("temperature_from", "val"), calibration.get("threshold_from", "val")


def calibration_text(calibration: Numbers, least_nights: int) -> str:
    """Where temperature and threshold come from, as a sentence."""
    temperature, threshold = sources(calibration)
    if temperature == "default":
        few = f"the validation set has fewer than {least_nights} nights of one class"
        if threshold == "params":
            return f"The temperature is the default, since {few}; the threshold is set in params.yaml."
        return f"Both are defaults and not chosen on the validation set, since {few}."
    if threshold == "params":
        return "The temperature was chosen on the validation set; the threshold is set in params.yaml."
    if threshold == "half":
        return (
            "The temperature was chosen on the validation set; the threshold is one half, since on validation nights"
            " no other does better by more than two standard errors."
        )
    return "Both were chosen on the validation set."


def chosen_on_val(calibration: Numbers) -> str:
    """What the validation set chose: `the epoch, the temperature and the threshold`."""
    names = zip(("the temperature", "the threshold"), sources(calibration), strict=True)
    *first, last = ["the epoch", *(name for name, source in names if source == "val")]
    return f"{', '.join(first)} and {last}" if first else last
