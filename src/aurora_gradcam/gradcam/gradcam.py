"""Stage gradcam: where the classifier looks, for frames chosen by rule and both classes, and how good the maps are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from .. import config, memory
from ..corpus.frame_ids import in_order, sort_key
from ..corpus.images import read_frame
from ..progress import track
from ..results import EXPLANATIONS, write_json
from ..stage import stage_main
from ..tables.cams import CAM_BASELINES_TABLE, CAMS_TABLE
from ..tables.frames import FRAMES_TABLE
from ..tables.predictions import PREDICTIONS_TABLE
from ..tables.sky import SKY_TABLE
from ..tables.split import SPLIT_TABLE
from ..training.network import load_classifier
from . import chosen, explanations, pointing
from .maps import explain, heat_in_circle, method_and_layer
from .measured import BATCH_SIZE, RANDOMISED_FRAMES, REMOVED_FRAMES, TARGET, Explainer, randomised, removed_and_shifted
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
    explainer: Explainer, frame_ids: list[str], classes: tuple[str, ...], folder: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write maps and overlays of the frames below `folder`, and measure heat in circle and on aurora.

    Returns
    -------
    frame_id, target, map and measures of the classifier's maps; frame_id, baseline and measures of the baselines.
    """
    for kind in ("maps", "overlays"):
        (folder / kind).mkdir()
    of_maps, of_baselines = [], []
    size = explainer.card.image_size
    batches = [frame_ids[start : start + BATCH_SIZE] for start in range(0, len(frame_ids), BATCH_SIZE)]
    for ids in track(batches, f"explain {len(frame_ids)} frames, batches"):
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
    columns = ["frame_id", "heat_in_circle", "energy_in_mask", "mask_area", "energy_over_area", "pointing_hit"]
    return (
        pd.concat(of_maps) if of_maps else pd.DataFrame(columns=[*columns, "target", "map"]),
        pd.concat(of_baselines) if of_baselines else pd.DataFrame(columns=[*columns, "baseline"]),
    )


def run(params: config.Params) -> None:
    """Explain and measure frames of `params.months`; write data/gradcam, two tables and `EXPLANATIONS`."""
    memory.keep()
    frames = FRAMES_TABLE.read_months(params.months)
    good = frames.loc[frames["status"] == "ok", ["frame_id", "night"]]
    sky = SKY_TABLE.read()[["frame_id", "sun_class", "moon_class"]]
    classified = good.merge(PREDICTIONS_TABLE.read(), on="frame_id").merge(sky, on="frame_id", how="left")
    split = SPLIT_TABLE.read()
    displayed = chosen.choose(classified, split, params.gradcam)
    drawn = chosen.measured(classified, split, MEASURED_FRAMES, params.seed)
    wanted = pd.concat([displayed, chosen.listed({chosen.MEASURED: drawn})])

    network, card = load_classifier()
    network.requires_grad_(False)  # the same maps, several times as fast: no graph is kept below the layer
    names = ["@".join(method_and_layer(name)) for name in params.gradcam.layers]
    explainer = Explainer(network, card, names)
    ids = drawn["frame_id"].tolist()
    with replaced_whole(GRADCAM) as folder:
        explained, baselines = explain_frames(
            explainer, in_order(wanted["frame_id"].unique()), params.gradcam.classes, folder
        )
        costly = removed_and_shifted(explainer, ids[:REMOVED_FRAMES], params.seed).assign(target=TARGET)
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
