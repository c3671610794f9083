"""Stage train: labelled frames -> the classifier of the best epoch, calibrated, its card, and its training curves."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import PIL
import torch
from dvclive import Live

from .. import config, memory, parallel
from ..config import Params
from ..corpus import archive
from ..corpus.frame_ids import night_of, sort_key
from ..corpus.images import decode_image
from ..errors import DataError
from ..files import atomic_write
from ..logs import of_nights
from ..progress import track
from ..stage import stage_main
from ..tables.frames import FRAMES_TABLE, is_simulated
from ..tables.labels import LABELS
from ..tables.split import SPLIT_TABLE
from . import calibration, checkpoint, head_fit, network, weights
from .heads import PREFIX, tensors_of
from .loop import Epoch, Pictures, best_epoch, fit, logits_of
from .transforms import for_evaluation, resized
from .vision import torchvision

logger = logging.getLogger(__name__)

CURVES = Path("reports/plots/training.csv")
LIVE = Path("reports/dvclive")
COLUMNS = ["epoch", "phase", "train_loss", "val_loss", "train_accuracy", "val_accuracy"]
_RESPLIT = "label more frames, or change split.fractions, then run `dvc repro`"


def chosen(split: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of one split, in order of frame_id; DataError where a class has no frame in it."""
    rows = split[split["split"] == name].sort_values("frame_id", key=sort_key)
    for label in LABELS:
        if not (rows["label"] == label).any():
            raise DataError(f"the split '{name}' holds no frame labelled '{label}'", SPLIT_TABLE.path(), _RESPLIT)
    return rows


def load(rows: pd.DataFrame, image_size: int) -> Pictures:
    """The frames of split rows, decoded and resized; about 170 kB of memory a frame at 240 px.

    Raises
    ------
    InputError, DataError
        A frame of the split table has no readable picture.
    """
    nights = track(rows.groupby("night", sort=True), "reading frames")
    pictures = {frame: small for night, group in nights for frame, small in _of_night(str(night), group, image_size)}
    targets = [LABELS.index(label) for label in rows["label"]]
    return Pictures(list(rows["frame_id"]), [pictures[frame_id] for frame_id in rows["frame_id"]], targets)


def _of_night(night: str, rows: pd.DataFrame, image_size: int) -> list[tuple[str, np.ndarray]]:
    path = archive.night_path(archive.FRAMES, night)
    small = []
    with archive.opened(path) as members:
        for frame_id in rows["frame_id"]:
            try:
                picture = decode_image(members.read(f"{frame_id}.jpg"))
            except KeyError as error:
                what = f"the frame {frame_id} of the split table has no picture"
                raise DataError(what, path, "run `dvc repro split`, or correct data/labels/labels.csv") from error
            except (PIL.UnidentifiedImageError, OSError) as error:
                what = f"the picture of frame {frame_id} cannot be decoded: {error}"
                raise DataError(what, path, "remove its row from data/labels/labels.csv") from error
            small.append((frame_id, resized(picture, image_size)))
    return small


def follow(epochs: Iterable[Epoch], total: int) -> list[Epoch]:
    """Run the epochs, logging each, and writing it to DVCLive."""
    rows = []
    with Live(str(LIVE), report=None, save_dvc_exp=False, dvcyaml=None) as live:
        for row in track(epochs, "training", total=total):
            rows.append(row)
            for part in ("train", "val"):
                live.log_metric(f"{part}/loss", getattr(row, f"{part}_loss"))
                live.log_metric(f"{part}/accuracy", getattr(row, f"{part}_accuracy"))
            live.next_step()
            logger.info(
                f"epoch {row.epoch}/{total} {row.phase}: loss {row.train_loss:.3f} (train) {row.val_loss:.3f} (val), "
                f"accuracy {row.train_accuracy:.3f} (train) {row.val_accuracy:.3f} (val)"
            )
    return rows


def calibrated(val: Pictures, params: config.Train, workers: int = 0) -> network.ModelCard:
    """The card of the classifier as written, with temperature and threshold from the val frames: see `calibration`.

    With fewer than `least_val_nights` val nights of either class both have their defaults instead, with a warning: what
    a few nights choose holds for those nights. The logits are those of the stored weights, whose kernels are rounded to
    half precision, as evaluate meets them.
    """
    model, card = network.load_classifier()
    logits = logits_of(model, val, for_evaluation(card.image_size, card.mean, card.std), params.batch_size, workers)
    targets = np.asarray(val.targets)
    night_of_frame = np.array([night_of(frame_id) for frame_id in val.frame_ids])
    nights = calibration.nights_by_class(targets, night_of_frame)
    enough = min(nights.values()) >= params.least_val_nights
    fitted: dict[str, object] = {
        "val_frames": len(val),
        "val_nights": nights,
        "val_log_loss_before": calibration.cross_entropy(logits, targets),
        "temperature_from": "val" if enough else "default",
        "threshold_from": "default" if params.threshold == "val" else "params",
    }
    temperature = calibration.fit_temperature(logits, targets) if enough else calibration.DEFAULT_TEMPERATURE
    threshold = calibration.DEFAULT_THRESHOLD if params.threshold == "val" else params.threshold
    if enough and params.threshold == "val":
        p_aurora = calibration.aurora_probability(logits, temperature)
        selection = calibration.select_threshold(p_aurora, targets, night_of_frame)
        threshold, fitted["threshold_from"] = selection.threshold, selection.origin
        fitted["best_threshold"] = {key: value for key, value in selection._asdict().items() if key != "threshold"}
    fitted["val_log_loss_after"] = calibration.cross_entropy(logits, targets, temperature)
    if not enough:
        logger.warning(
            f"val has aurora in {nights['yes']} nights and none in {nights['no']}, and least_val_nights is"
            f" {params.least_val_nights}: temperature {temperature:g}, threshold {threshold:g}, not chosen on val"
        )
    changes = {"temperature": temperature, "threshold": threshold}
    return card.model_copy(update={**changes, "provenance": {**card.provenance, "calibration": fitted}})


def with_heads(
    model: torch.nn.Module,
    card: network.ModelCard,
    beside: dict[str, torch.Tensor],
    further: head_fit.Beginning | None,
    params: config.Train,
    workers: int,
) -> tuple[network.ModelCard, Path, dict[str, torch.Tensor]]:
    """The card with what is to be told of the further heads, and what stands beside the network: arguments of `save`.

    What tells a picture of no sky is kept as it came: it looks at the network's early features, which move little.
    """
    tensors = {name: part for name, part in beside.items() if not name.startswith(PREFIX)}
    told: dict[str, object] = {"no_sky": True} if tensors else {}
    if further:
        heads, told["heads"] = head_fit.finish(model, further, params, workers)
        halves = {name: part.half() if part.ndim > 1 else part for name, part in tensors_of(heads).items()}
        tensors |= halves
    card = card.model_copy(update={"provenance": {**card.provenance, **told}})
    return card, network.MODELS, tensors


def run(params: Params) -> None:
    """Train, calibrate, and write the classifier, its card and the curves."""
    split = SPLIT_TABLE.read()
    train, val = chosen(split, "train"), chosen(split, "val")
    rest = split[split["split"] == "test"]
    logger.info(f"learns from {of_nights(train)}; val {of_nights(val)}; set apart for the test {of_nights(rest)}")
    device, size = network.device(), params.train.image_size
    memory.keep()
    network.fix_threads()
    model = network.build(params.train.backbone, params.seed).to(device)
    origin = weights.start(model, params.train.backbone, params.train.weights)
    workers = parallel.worker_count() if device.type == "cuda" else 0  # on a CPU training itself takes every core
    train_pictures, val_pictures = load(train, size), load(val, size)
    beside = weights.kept_apart(params.train.backbone, params.train.weights)
    splits = (train_pictures, train), (val_pictures, val)
    further = head_fit.begin(model, beside, splits, params.train, workers)
    settings = {"train": params.train.model_dump(mode="json"), "seed": params.seed}
    key = checkpoint.key_of(model, [train_pictures, val_pictures], settings)
    resumed, keep = checkpoint.read(key), checkpoint.writer(key)
    epochs = fit(model, train_pictures, val_pictures, params.train, params.seed, workers, resumed, keep)
    rows = follow(epochs, params.train.frozen_epochs + params.train.finetune_epochs)
    best = best_epoch(rows, params.train)
    card = network.ModelCard(
        backbone=params.train.backbone,
        image_size=size,
        mean=network.NORMS[params.train.normalisation][0],
        std=network.NORMS[params.train.normalisation][1],
        provenance={
            "weights": origin,
            "simulated": is_simulated(FRAMES_TABLE.read_months(params.months)),
            "split_sha256": weights.sha256_of(SPLIT_TABLE.path()),
            "frames": {"train": len(train), "val": len(val)},
            "train": params.train.model_dump(mode="json"),
            "seed": params.seed,
            "best_epoch": dataclasses.asdict(best),
            "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
        },
    )
    network.save(model, *with_heads(model, card, beside, further, params.train, workers))
    network.write_card(calibrated(val_pictures, params.train, workers))
    with atomic_write(CURVES) as temporary:
        pd.DataFrame(rows)[COLUMNS].to_csv(temporary, index=False, float_format="%.6f")
    checkpoint.remove()


main = stage_main(run)


if __name__ == "__main__":
    main()
