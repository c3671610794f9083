"""Table predictions: what the classifier says of every usable frame."""

from __future__ import annotations

import pandera.pandas as pa

from .kinds import prediction_columns
from .table import frame_id, number, table

PREDICTIONS_TABLE = table(
    "predictions",
    "data/tables/predictions.parquet",
    {
        "frame_id": frame_id(),
        "logit_no": number(),
        "logit_yes": number(),
        "p_aurora": number(0, 1),  # calibrated
        "is_aurora": pa.Column("bool", coerce=True),
        **prediction_columns(),  # cloud, form and strength, where the model has heads for them
    },
)
