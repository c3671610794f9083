"""From the outputs of the further heads to columns: probabilities of each class, the class, the strength."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import softmax

from ..tables.kinds import CLASSES, CLOUD, CLOUDS, FORM, FORMS, NO_FORM, STRENGTH, probability_names


def kind_columns(outputs: Mapping[str, np.ndarray], is_aurora: np.ndarray) -> pd.DataFrame:
    """What the heads say of each frame; no columns without heads.

    Parameters
    ----------
    outputs
        By head: logits (n, classes) of cloud and form, (n,) decimal logarithm of the strength in kilorayleigh.
    is_aurora
        bool (n,), whether a frame is called aurora.

    Returns
    -------
    p_clear, p_broken, p_overcast and cloud, the likeliest of them; p_none, p_arc to p_patchy; form, the likeliest of a
    frame called aurora, `none` of any other; strength, kilorayleigh, of frames called aurora. Those of a head that
    lacks are not there.
    """
    called = np.asarray(is_aurora, dtype=bool)
    columns: dict[str, np.ndarray] = {}
    for head, classes in CLASSES.items():
        if head in outputs:
            chance = softmax(outputs[head].astype(np.float64), axis=1)
            columns |= dict(zip(probability_names(head), chance.T, strict=True))
            columns[head] = np.array(classes, dtype=object)[chance.argmax(1)]
            if head == FORM:
                likeliest = np.array(FORMS, dtype=object)[chance[:, 1:].argmax(1)]
                columns[head] = np.where(called, likeliest, NO_FORM)
    if STRENGTH in outputs:
        columns[STRENGTH] = np.where(called, 10.0 ** outputs[STRENGTH].astype(np.float64), np.nan)
    return pd.DataFrame(columns, index=range(len(called)))


def p_cloud(rows: pd.DataFrame) -> pd.Series:
    """The probability that the sky is not clear: broken or overcast."""
    return 1 - rows[probability_names(CLOUD)[CLOUDS.index("clear")]]
