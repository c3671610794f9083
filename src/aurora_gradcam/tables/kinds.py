"""What kind of sky a frame shows beside yes or no: cloud, form of the aurora, strength; names and columns.

Every one of them is optional everywhere: a table, a file of labels or a model without them is the normal case.
"""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from .table import number, text

CLOUD, FORM = "cloud", "form"
STRENGTH = "strength"
"""Peak column emission of the aurora as it reaches the camera: kilorayleigh in tables, its decimal logarithm from a
head."""
HEADS = (CLOUD, FORM, STRENGTH)
CLOUDS = ("clear", "broken", "overcast")
"""Less than an eighth of the open sky under cloud; an eighth to seven eighths; more."""
FORMS = ("arc", "rays", "corona", "diffuse", "patchy")
"""Forms of an aurora; arc means arc or band."""
NO_FORM = "none"
"""The form of a sky without aurora."""
KINDS = {CLOUD: CLOUDS, FORM: FORMS}
"""What people label beside yes and no."""
CLASSES = {CLOUD: CLOUDS, FORM: (NO_FORM, *FORMS)}
"""Classes that a head tells apart, in the order of its outputs."""


def label_columns() -> dict[str, pa.Column]:
    """Columns of labelled kinds; a table need not have them."""
    return {name: text(among=among, nullable=True, optional=True) for name, among in KINDS.items()}


def probability_names(head: str) -> list[str]:
    """Columns of a head's probabilities, in the order of its classes: p_clear, p_broken, p_overcast."""
    return [f"p_{label}" for label in CLASSES[head]]


def prediction_columns() -> dict[str, pa.Column]:
    """Columns of what the heads say of a frame; a table need not have them."""
    shares = {name: number(0, 1, optional=True) for head in CLASSES for name in probability_names(head)}
    classes = {head: text(among=among, optional=True) for head, among in CLASSES.items()}
    return {**shares, **classes, STRENGTH: number(0, nullable=True, optional=True)}


def actual(rows: pd.DataFrame, head: str) -> pd.Series:
    """The labelled class of each row, null where there is none: a frame without aurora has the form `none`.

    Parameters
    ----------
    rows
        Columns label (no, yes) and, where anything is labelled, cloud and form.
    """
    given = rows[head] if head in rows else pd.Series(None, rows.index, dtype=object)
    given = given.astype(object).where(given.notna(), None)
    return given if head != FORM else given.where(rows["label"] != "no", NO_FORM)
