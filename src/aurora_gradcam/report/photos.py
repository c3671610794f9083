"""The figures with photographs: chosen frames are read from the archives, their overlays from gradcam's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..config import Params
from ..drawing import style
from ..frame_ids import sort_key
from ..images import read_frame
from . import choice, galleries
from .inputs import Inputs, read_overlay

YES_AND_NO = ("frame", "heat for yes", "heat for no")
CHANGES = 5
SUREST = 6
TRUTHS = {
    "form": (("arc", "radial", "diffuse"), "yes"),
    "colour": (("red", "purple", "pink"), "yes"),
    "weather": (("clear", "cloud", "snow"), "no"),
}
"""What the simulator's truth groups frames by: values, and the class whose evidence is shown."""


def caption(row: pd.Series) -> str:
    """UTC of the frame and what the classifier gives it."""
    when = "time unknown" if pd.isna(row["utc"]) else f"{row['utc']:%Y-%m-%d\n%H:%M} UTC"
    return f"{when}\nP(yes) = {row['p_aurora']:.2f}"


def read_groups(
    groups: choice.Groups,
    explained: pd.DataFrame,
    targets: Sequence[str] = (),
    captioned: Callable[[pd.Series], str] = caption,
) -> list[tuple[str, list[galleries.Example]]]:
    """Read the pictures of groups: each frame over its overlays for `targets` (none: the class it was given).

    `explained` holds what `captioned` needs of each frame; a frame that gradcam did not explain has no overlay.
    """
    rows = explained.set_index("frame_id")
    found = []
    for heading, frame_ids in groups.items():
        examples = []
        for frame_id in frame_ids:
            called = "yes" if rows.loc[frame_id, "is_aurora"] else "no"
            overlays = [read_overlay(frame_id, target) for target in targets or (called,)]
            examples.append(galleries.Example((read_frame(frame_id), *overlays), captioned(rows.loc[frame_id])))
        found.append((heading, examples))
    return found


def judged(data: Inputs) -> pd.DataFrame:
    """The labelled frames of the held-out split with their predictions and sky."""
    name = "test" if (data.split["split"] == "test").any() else "val"
    rows = data.split[data.split["split"] == name].merge(data.predictions, on="frame_id")
    return rows.merge(data.sky[["frame_id", "utc", "sun_class", "moon_class"]], on="frame_id", how="left")


def augmented(data: Inputs, params: Params) -> list[tuple[np.ndarray, list[np.ndarray]]]:
    """The first training frame of either class, and what the training transform makes of it, as uint8 RGB."""
    from ..training.network import IMAGENET_MEAN, IMAGENET_STD  # torch takes seconds to import
    from ..training.transforms import for_training

    transform = for_training(params.train, IMAGENET_MEAN, IMAGENET_STD)
    ok = data.frames.loc[data.frames["status"] == "ok", "frame_id"]
    pool = data.split[(data.split["split"] == "train") & data.split["frame_id"].isin(ok)].sort_values(
        "frame_id", key=sort_key
    )
    rows = []
    for label in ("yes", "no"):
        for frame_id in pool.loc[pool["label"] == label, "frame_id"].head(1):
            frame = read_frame(frame_id)
            tensors = [transform(frame, params.seed, change, frame_id).numpy() for change in range(CHANGES)]
            shown = [tensor.transpose(1, 2, 0) * IMAGENET_STD + IMAGENET_MEAN for tensor in tensors]
            rows.append((frame, [np.rint(picture.clip(0, 1) * 255).astype(np.uint8) for picture in shown]))
    return rows


def all_of(data: Inputs, params: Params) -> Iterator[tuple[str, Figure]]:
    """(name, figure) of all figures that hold photographs."""
    explained = choice.explained_frames(data.cams, data.sky, data.labels, data.truth)
    explained = explained.merge(data.predictions[["frame_id", "is_aurora"]], on="frame_id")

    def gallery(groups: choice.Groups, row_names: Sequence[str], targets: Sequence[str]) -> Figure:
        return galleries.gallery(read_groups(groups, explained, targets), row_names)

    right = choice.by_reason(explained, ("true positive", "true negative"), 3)
    yield "validation_gradcam", galleries.validation_gradcam(read_groups(right, explained), data.training)
    held_out = judged(data)
    wrong = galleries.surest_errors(held_out, SUREST)
    errors = read_groups(wrong, held_out, ("yes", "no"), galleries.full_caption)
    yield "error_analysis", galleries.error_gallery(errors, YES_AND_NO)
    yield "augmentation", galleries.augmentation(augmented(data, params))
    yield "gradcam_by_brightness", gallery(choice.by_brightness(explained, 2), YES_AND_NO[:2], ("yes",))
    for name, (values, target) in TRUTHS.items():
        if name in explained and explained[name].notna().any():
            groups = choice.by_value(explained, name, values, 2, target)
            yield f"gradcam_by_{name}", gallery(groups, ("frame", f"heat for {target}"), (target,))
        else:
            yield f"gradcam_by_{name}", style.without_material(f"no truth tells the {name} of an explained frame")
