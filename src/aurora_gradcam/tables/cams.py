"""Tables cams and cam_baselines: scores of the heat maps, and of maps that know nothing of the network."""

from __future__ import annotations

from .labels import LABELS
from .table import frame_id, number, table, text

MEASURES = {
    "energy_in_mask": number(0, 1, nullable=True),  # share of the map's sum that lies on visible aurora
    "mask_area": number(0, 1, nullable=True),  # share of the sky circle that visible aurora covers
    "energy_over_area": number(0, nullable=True),  # the one divided by the other: 1 is chance
    "pointing_hit": number(0, 1, nullable=True),  # whether the hottest place lies on aurora
    "road": number(-1, 1, nullable=True),  # remove and debias: the higher, the more the hot places matter
    "insertion": number(0, 1, nullable=True),  # area under P as the hottest places are put into an even sky
    "deletion": number(0, 1, nullable=True),  # area under P as the hottest places are removed
}
"""Measures of a map; the first four are null without truth or aurora, the last three except for some measured frames"""

CAMS_TABLE = table(
    "cams",
    "data/tables/cams.parquet",
    {
        "frame_id": frame_id(),
        "chosen_as": text(),  # e.g. "Night x No_Moon", "true positive", "measured"
        "target": text(among=LABELS),  # the class whose logit is explained
        "method": text(),  # gradcam or layercam
        "layer": text(),
        "p_aurora": number(0, 1),
        "heat_in_circle": number(0, 1, nullable=True),  # share of the map's sum inside the sky circle
        **MEASURES,
        "shift_agreement": number(-1, 1, nullable=True),  # rank correlation with the map of the shifted picture
    },
    key=("frame_id", "chosen_as", "target", "method", "layer"),
)

CAM_BASELINES_TABLE = table(
    "cam_baselines",
    "data/tables/cam_baselines.parquet",
    {"frame_id": frame_id(), "baseline": text(), **MEASURES},
    key=("frame_id", "baseline"),
)
