"""Stage gradcam: where the classifier looks, for frames chosen by rule and for both classes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from .. import archive, config, memory, tables
from ..errors import exit_clearly
from ..inference.scores import held_out
from ..progress import track
from ..training.network import load_classifier
from ..training.transforms import for_evaluation
from .maps import explain, heat_in_circle
from .overlays import JPEG_QUALITY, overlay

GRADCAM = Path("data/gradcam")
OUTCOMES = {
    "true positive": ("yes", True),
    "false positive": ("no", True),
    "false negative": ("yes", False),
    "true negative": ("no", False),
}
"""Name of an outcome: the label, and whether the classifier called it aurora."""
BATCH_SIZE = 8
MAP_STEP = 4


def most_confident(frames: pd.DataFrame, is_aurora: bool, count: int) -> pd.DataFrame:
    """The `count` frames called aurora (or not) with the most confidence, from as many nights as possible.

    `frames` has frame_id, night, p_aurora and is_aurora. Every night gives its best before any gives its second; equal
    confidence is decided by frame_id.
    """
    called = frames[frames["is_aurora"] == is_aurora]
    ordered = called.sort_values(["p_aurora", "frame_id"], ascending=[not is_aurora, True])
    turn = ordered.groupby("night").cumcount().sort_values(kind="stable")
    return ordered.loc[turn.index[:count]]


def groups(frames: pd.DataFrame, labelled: pd.DataFrame, params: config.GradCam) -> dict[str, tuple[int, pd.DataFrame]]:
    """Name of each group -> how many frames it was to have, and the frames.

    Each of the nine conditions has its most confident yes and its most confident no, half of `frames_per_condition`
    each (an odd one goes to yes). Each outcome has the most confident of the labelled frames held out of training: the
    test split, or val where there is no test split.

    Parameters
    ----------
    frames : frame_id, night, sun_class, moon_class, p_aurora, is_aurora; one row a frame.
    labelled : frame_id, label, split.
    """
    found = {}
    for sun, moon in config.CONDITIONS:
        here = frames[(frames["sun_class"] == sun) & (frames["moon_class"] == moon)]
        count = params.frames_per_condition
        sides = [most_confident(here, True, count - count // 2), most_confident(here, False, count // 2)]
        found[tables.condition_name(sun, moon)] = (count, pd.concat(sides))
    judged = labelled.loc[labelled["split"] == held_out(labelled), ["frame_id", "label"]].merge(frames, on="frame_id")
    for outcome, (label, called) in OUTCOMES.items():
        picked = most_confident(judged[judged["label"] == label], called, params.frames_per_outcome)
        found[outcome] = (params.frames_per_outcome, picked)
    return found


def choose(frames: pd.DataFrame, labelled: pd.DataFrame, params: config.GradCam) -> pd.DataFrame:
    """The frames of all groups as frame_id, chosen_as, p_aurora; a frame may stand in several. See `groups`.

    Groups with fewer frames than asked for are counted on standard error.
    """
    found = groups(frames, labelled, params)
    short = [f"{name} {len(picked)} of {count}" for name, (count, picked) in found.items() if len(picked) < count]
    if short:
        print(f"gradcam: {len(short)} of {len(found)} groups are short of frames ({', '.join(short)})", file=sys.stderr)
    rows = pd.concat([picked.assign(chosen_as=name) for name, (_, picked) in found.items()])
    return rows[["frame_id", "chosen_as", "p_aurora"]].reset_index(drop=True)


@contextmanager
def replaced_whole(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder` that takes its place only when the block ends without an error."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def store(folder: Path, frame_id: str, picture: np.ndarray, heat: dict[tuple[str, str], np.ndarray]) -> None:
    """Write one frame's maps, all layers, as float16 named `<target>@<layer>`, and its overlays of the first layer.

    Of a map every MAP_STEP-th row and column is kept: it was enlarged from a much coarser one.
    """
    kept = slice(MAP_STEP // 2, None, MAP_STEP)
    arrays = {f"{target}@{layer}": found[kept, kept].astype(np.float16) for (target, layer), found in heat.items()}
    np.savez_compressed(folder / "maps" / f"{frame_id}.npz", **arrays)
    shown = next(layer for _, layer in heat)
    for (target, layer), found in heat.items():
        if layer == shown:
            path = folder / "overlays" / f"{frame_id}_{target}.jpg"
            Image.fromarray(overlay(picture, found)).save(path, "JPEG", quality=JPEG_QUALITY)


def explain_frames(frame_ids: list[str], params: config.GradCam, folder: Path) -> pd.DataFrame:
    """Write maps and overlays of the frames below `folder`; return frame_id, target, layer, heat_in_circle."""
    network, card = load_classifier()
    network.requires_grad_(False)  # the same maps, several times as fast: no graph is kept below the layer
    prepare = for_evaluation(card.image_size, card.mean, card.std)
    for kind in ("maps", "overlays"):
        (folder / kind).mkdir()
    rows = []
    batches = [frame_ids[start : start + BATCH_SIZE] for start in range(0, len(frame_ids), BATCH_SIZE)]
    for ids in track(batches, f"explain {len(frame_ids)} frames, batches"):
        pictures = [archive.read_frame(frame_id) for frame_id in ids]
        batch = torch.stack([prepare(picture) for picture in pictures])
        heat = {(t, name): explain(network, batch, t, name) for name in params.layers for t in params.classes}
        for (target, layer), found in heat.items():
            rows += [(i, target, layer, share) for i, share in zip(ids, heat_in_circle(found), strict=True)]
        for number, frame_id in enumerate(ids):
            store(folder, frame_id, pictures[number], {key: found[number] for key, found in heat.items()})
    return pd.DataFrame(rows, columns=["frame_id", "target", "layer", "heat_in_circle"])


def run(params: config.Params) -> None:
    """Explain the chosen ones of the good, classified frames of `params.months`; write data/gradcam and the table."""
    memory.keep()
    frames = tables.FRAMES.read_months(params.months)
    good = frames.loc[frames["status"] == "ok", ["frame_id", "night"]]
    sky = tables.SKY.read()[["frame_id", "sun_class", "moon_class"]]
    classified = good.merge(tables.PREDICTIONS.read(), on="frame_id").merge(sky, on="frame_id", how="left")
    chosen = choose(classified, tables.SPLIT.read(), params.gradcam)
    with replaced_whole(GRADCAM) as folder:
        explained = explain_frames(sorted(chosen["frame_id"].unique()), params.gradcam, folder)
    rows = chosen.merge(explained, on="frame_id")
    tables.CAMS.write(rows.sort_values(list(tables.CAMS.key)))


@exit_clearly
def main() -> None:
    """Run the stage in the current folder."""
    run(config.load())


if __name__ == "__main__":
    main()
