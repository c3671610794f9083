"""The figures with photographs: which frames they show, read from the archives with their overlays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..config import Params
from ..corpus.frame_ids import sort_key
from ..corpus.images import read_frame
from . import photo_layouts, selection
from .inputs import Inputs, read_overlay

YES_AND_NO = ("frame", "heat for yes", "heat for no")
CHANGES = 5
MOST_ERRORS = 6
TRUTHS = {
    "form": (("arc", "radial", "diffuse"), "yes"),
    "colour": (("red", "purple", "pink"), "yes"),
    "weather": (("clear", "cloud", "snow"), "no"),
}
"""Values of the simulator's truth that group frames, and the class whose heat map is drawn."""


def caption(row: pd.Series) -> str:
    """UTC and P(yes) of a frame."""
    when = "time unknown" if pd.isna(row["utc"]) else f"{row['utc']:%Y-%m-%d\n%H:%M} UTC"
    return f"{when}\nP(yes) = {row['p_aurora']:.2f}"


def read_groups(
    groups: selection.Groups,
    explained: pd.DataFrame,
    targets: Sequence[str] = (),
    caption_of: Callable[[pd.Series], str] = caption,
) -> list[tuple[str, list[photo_layouts.Example]]]:
    """Read the pictures of groups: each frame over its overlays for `targets` (default: the class of its call).

    `explained` holds what `caption_of` needs of each frame; a frame that gradcam did not explain has no overlay.
    """
    rows = explained.set_index("frame_id")
    pictured = []
    for heading, frame_ids in groups.items():
        examples = []
        for frame_id in frame_ids:
            called = "yes" if rows.loc[frame_id, "is_aurora"] else "no"
            overlays = [read_overlay(frame_id, target) for target in targets or (called,)]
            examples.append(photo_layouts.Example((read_frame(frame_id), *overlays), caption_of(rows.loc[frame_id])))
        pictured.append((heading, examples))
    return pictured


def held_out_frames(data: Inputs) -> pd.DataFrame:
    """The labelled frames of the held-out split with their predictions and sky."""
    rows = data.split[data.split["split"] == data.held_out].merge(data.predictions, on="frame_id")
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
            changed = [tensor.transpose(1, 2, 0) * IMAGENET_STD + IMAGENET_MEAN for tensor in tensors]
            rows.append((frame, [np.rint(picture.clip(0, 1) * 255).astype(np.uint8) for picture in changed]))
    return rows


def figures(data: Inputs, params: Params) -> Iterator[tuple[str, Figure | None]]:
    """(name, figure) of all figures that hold photographs; None where no frame belongs into one."""
    explained = selection.explained_frames(data.cams, data.sky, data.labels, data.truth)
    explained = explained.merge(data.predictions[["frame_id", "is_aurora"]], on="frame_id")

    def gallery(groups: selection.Groups, row_names: Sequence[str], targets: Sequence[str]) -> Figure | None:
        return photo_layouts.gallery(read_groups(groups, explained, targets), row_names)

    right = selection.by_reason(explained, ("true positive", "true negative"), 3)
    examples = read_groups(right, explained)
    drawn = any(frames for _, frames in examples)
    yield "validation_gradcam", photo_layouts.validation_gradcam(examples, data.training) if drawn else None
    held_out = held_out_frames(data)
    wrong = photo_layouts.confident_errors(held_out, MOST_ERRORS)
    errors = read_groups(wrong, held_out, ("yes", "no"), photo_layouts.full_caption)
    yield "error_analysis", photo_layouts.error_gallery(errors, YES_AND_NO)
    yield "augmentation", photo_layouts.augmentation(augmented(data, params))
    yield "gradcam_by_brightness", gallery(selection.by_brightness(explained, 2), YES_AND_NO[:2], ("yes",))
    for name, (values, target) in TRUTHS.items():
        if name in explained and explained[name].notna().any():
            groups = selection.by_value(explained, name, values, 2, target)
            yield f"gradcam_by_{name}", gallery(groups, ("frame", f"heat for {target}"), (target,))
