"""Trainings of `make leakage`, each in a folder of its own, so that a killed one goes on with what is done."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from ..config import Params, Train
from ..corpus import archive
from ..corpus.frame_ids import sort_key
from ..corpus.images import decode_image
from ..files import write_text
from ..tables.predictions import PREDICTIONS_TABLE
from ..tables.split import SPLIT_TABLE
from ..training import checkpoint, network, train, weights
from .by_night import contents
from .classify import classify, predictions

logger = logging.getLogger(__name__)

FOLDER = Path("data/leakage.partial")
SHARED = ("data/frames", "data/weights", "data/tables/frames")
"""What a training reads of the project; all that it writes stays in its own folder."""
DONE = "done"


@dataclass(frozen=True)
class Run:
    """One training and the frames that it is asked about.

    `split` has columns frame_id, night, label, split; `asked` frame_id and night. `material` is a digest of the frames.
    """

    name: str
    params: Params
    split: pd.DataFrame
    asked: pd.DataFrame
    material: str


def settings_of(params: Params, start: str, seed: int) -> Params:
    """The params of a training from a start; heads beside the aurora's are left out, since nobody asks them."""
    place = str(Path(start).resolve()) if Path(start).suffix else start
    own = {"weights": place, "heads": (), **params.leakage.starts[start]}
    settings = Train.model_validate({**params.train.model_dump(), **own})
    return params.model_copy(update={"train": settings, "seed": seed})


def material_of(nights: Iterable[str]) -> str:
    """SHA-256 of the frames of some nights."""
    digest = hashlib.sha256()
    for night in sorted(nights):
        digest.update(archive.night_path(archive.FRAMES, night).read_bytes())
    return digest.hexdigest()


def key_of(run: Run) -> str:
    """SHA-256 of all that a training's answers follow from."""
    settings = {
        "train": run.params.train.model_dump(mode="json"),
        "seed": run.params.seed,
        "batch": run.params.evaluate.batch_size,
        "torch": torch.__version__,
        "device": str(network.device()),
        "frames": run.material,
        "weights": weights.sha256_of(weights.SKY) if run.params.train.weights == "sky" else "",
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for table in (run.split[["frame_id", "label", "split"]], run.asked[["frame_id"]]):
        digest.update(table.to_csv(index=False).encode())
    for path in sorted(checkpoint.CODE.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@contextmanager
def apart(folder: Path) -> Iterator[None]:
    """Work in a folder that sees this project's frames and weights and keeps its own results."""
    project = Path.cwd()
    for place in SHARED:
        link = folder / place
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(project / place)
    with chdir(folder):
        yield


def answers(run: Run) -> pd.DataFrame:
    """frame_id, p_aurora, is_aurora of the frames asked, from a training now or from one that was finished before."""
    key = key_of(run)
    with apart(FOLDER / run.name):
        if Path(DONE).is_file() and Path(DONE).read_text(encoding="utf-8") == key:
            logger.info(f"{run.name}: done before")
        else:
            Path(DONE).unlink(missing_ok=True)
            logger.info(f"{run.name}: training on {(run.split['split'] == 'train').sum()} frames")
            SPLIT_TABLE.write(run.split.sort_values("frame_id", key=sort_key))
            train.run(run.params)
            PREDICTIONS_TABLE.write(_called(run))
            for heavy in (network.MODELS, Path("reports")):
                shutil.rmtree(heavy)
            write_text(Path(DONE), key)
        return PREDICTIONS_TABLE.read()[["frame_id", "p_aurora", "is_aurora"]]


def _called(run: Run) -> pd.DataFrame:
    """What the classifier here says of the frames asked."""
    model, card = network.load_classifier()
    rows = run.asked.sort_values("frame_id", ignore_index=True, key=sort_key)
    rows = rows.assign(member=rows["frame_id"] + ".jpg")
    pictures: Iterator[np.ndarray] = (decode_image(content) for _, content in contents(rows))
    logits = classify(model, card, pictures, run.params.evaluate.batch_size)
    return predictions(list(rows["frame_id"]), logits, card.temperature, card.threshold)


def forget() -> None:
    """Remove the folders of all trainings."""
    shutil.rmtree(FOLDER, ignore_errors=True)
