"""Stage gradcam: where the classifier looks, for frames chosen by rule and both classes, and how good the maps are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from .. import config
from ..corpus.frame_ids import in_order, sort_key
from ..corpus.images import read_frame
from ..parallel import map_nights
from ..results import EXPLANATIONS, write_json
from ..stage import stage_main
from ..tables.cams import CAM_BASELINES_TABLE, CAMS_TABLE
from ..tables.frames import FRAMES_TABLE
from ..tables.predictions import PREDICTIONS_TABLE
from ..tables.sky import SKY_TABLE
from ..tables.split import SPLIT_TABLE
from ..training import loaded
from ..training.network import threads_of_a_process
from . import chosen, explanations, pointing
from .maps import explain, heat_in_circle, method_and_layer
from .measured import (
    RANDOMISED_FRAMES,
    REMOVED_FRAMES,
    TARGET,
    Explainer,
    in_batches,
    randomised,
    removed_and_shifted,
)
from .overlays import JPEG_QUALITY, overlay

GRADCAM = Path("data/gradcam")
MAP_STEP = 4
MEASURED_FRAMES = 24


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
    """Write one frame's maps as float16 named `<target>@<method>@<layer>`, and its overlays of the first map.

    Of a map every MAP_STEP-th row and column is kept: it was enlarged from a much coarser one.
    """
    kept = slice(MAP_STEP // 2, None, MAP_STEP)
    arrays = {f"{target}@{name}": values[kept, kept].astype(np.float16) for (target, name), values in heat.items()}
    np.savez_compressed(folder / "maps" / f"{frame_id}.npz", allow_pickle=False, **arrays)
    drawn = next(name for _, name in heat)
    for (target, name), values in heat.items():
        if name == drawn:
            path = folder / "overlays" / f"{frame_id}_{target}.jpg"
            Image.fromarray(overlay(picture, values)).save(path, "JPEG", quality=JPEG_QUALITY)


def explain_frames(
    names: Sequence[str], frame_ids: Sequence[str], classes: tuple[str, ...], folder: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write maps and overlays of the frames below `folder`, and measure heat in circle and on aurora.

    Returns
    -------
    frame_id, target, map and measures of the classifier's maps; frame_id, baseline and measures of the baselines.
    """
    for kind in ("maps", "overlays"):
        (folder / kind).mkdir()
    doing = f"explain {len(frame_ids)} frames, batches"
    explained = map_nights(
        partial(_explain_batch, names, classes, folder), in_batches(frame_ids), doing, threads_of_a_process()
    )
    columns = ["frame_id", "heat_in_circle", "energy_in_mask", "mask_area", "energy_over_area", "pointing_hit"]
    if not explained:
        return pd.DataFrame(columns=[*columns, "target", "map"]), pd.DataFrame(columns=[*columns, "baseline"])
    return pd.concat([maps for maps, _ in explained]), pd.concat([baselines for _, baselines in explained])


def _explain_batch(
    names: Sequence[str], classes: tuple[str, ...], folder: Path, ids: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    explainer = Explainer(*loaded.classifier()[:2], names)
    size, of_maps, of_baselines = explainer.card.image_size, [], []
    pictures = [read_frame(frame_id) for frame_id in ids]
    masks, known = pointing.read_masks(ids, size)
    batch, heat = explainer.batch(pictures), {}
    for name, (method, layer) in explainer.pairs.items():
        for target in classes:
            values = heat[target, name] = explain(explainer.network, batch, target, layer, method)
            rows = {"heat_in_circle": heat_in_circle(values), **pointing.measures(values, masks, known)}
            of_maps.append(pd.DataFrame({"frame_id": ids, "target": target, "map": name, **rows}))
    for name, values in pointing.baselines(pictures, size).items():
        rows = {"heat_in_circle": heat_in_circle(values), **pointing.measures(values, masks, known)}
        of_baselines.append(pd.DataFrame({"frame_id": ids, "baseline": name, **rows}))
    for number, frame_id in enumerate(ids):
        store(folder, frame_id, pictures[number], {key: values[number] for key, values in heat.items()})
    return pd.concat(of_maps), pd.concat(of_baselines)


def run(params: config.Params) -> None:
    """Explain and measure frames of `params.months`; write data/gradcam, two tables and `EXPLANATIONS`."""
    frames = FRAMES_TABLE.read_months(params.months)
    good = frames.loc[frames["status"] == "ok", ["frame_id", "night"]]
    sky = SKY_TABLE.read()[["frame_id", "sun_class", "moon_class"]]
    classified = good.merge(PREDICTIONS_TABLE.read(), on="frame_id").merge(sky, on="frame_id", how="left")
    split = SPLIT_TABLE.read()
    displayed = chosen.choose(classified, split, params.gradcam)
    drawn = chosen.measured(classified, split, MEASURED_FRAMES, params.seed)
    wanted = pd.concat([displayed, chosen.listed({chosen.MEASURED: drawn})])

    names = ["@".join(method_and_layer(name)) for name in params.gradcam.layers]
    network, card, _ = loaded.classifier()
    explainer = Explainer(network, card, names)
    ids = drawn["frame_id"].tolist()
    with replaced_whole(GRADCAM) as folder:
        explained, baselines = explain_frames(
            names, in_order(wanted["frame_id"].unique()), params.gradcam.classes, folder
        )
        costly = removed_and_shifted(names, ids[:REMOVED_FRAMES], params.seed).assign(target=TARGET)
        forgotten = randomised(explainer, ids[:RANDOMISED_FRAMES], params.seed)
    explained = explained.merge(costly, on=["frame_id", "map", "target"], how="left")
    baselines = baselines.merge(
        costly.rename(columns={"map": "baseline"}).drop(columns=["target", "shift_agreement"]),
        on=["frame_id", "baseline"],
        how="left",
    )
    pairs = explained["map"].map(method_and_layer)
    explained["method"], explained["layer"] = pairs.str[0], pairs.str[1]
    CAMS_TABLE.write(wanted.merge(explained, on="frame_id").sort_values(list(CAMS_TABLE.key), key=sort_key))
    CAM_BASELINES_TABLE.write(baselines.sort_values(list(CAM_BASELINES_TABLE.key), key=sort_key))
    summary = explanations.summary(
        explained[explained["frame_id"].isin(ids)], baselines[baselines["frame_id"].isin(ids)], forgotten, TARGET
    )
    write_json(EXPLANATIONS, summary)


main = stage_main(run)


if __name__ == "__main__":
    main()
