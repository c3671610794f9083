"""Scores of classifiers on labelled real frames, per camera and with 95 % intervals.

    python tools/real_scores.py --folder FOLDER [--folder ...] [NAME=]PATH ... [--json reports/real_frames.json]

A folder holds `labels.csv` (columns file, camera or source, label and note; label is aurora, none or ambiguous) and
`frames/`, square pictures cut to their sky circle. A path is a folder that holds what the stage train
writes, or a file of weights as `aurora pretrain` writes them (240 px, frames normalised by themselves). With --json the
scores are written to that file under their names; other models in it stay.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score
from torch import nn

from aurora_gradcam.training import network, weights
from aurora_gradcam.training.transforms import for_evaluation

RESAMPLES = 2000
GREY = 2.0
"""Mean difference of the colours, in levels of 255, up to which a picture is grey; JPEG leaves some."""


def read_labels(folders: Sequence[Path]) -> pd.DataFrame:
    """path, file, source (camera), folder, colours (colour, grey), label, note, yes (bool) of unambiguous frames."""
    tables = [
        pd.read_csv(folder / "labels.csv").rename(columns={"camera": "source"}).assign(folder=str(folder))
        for folder in folders
    ]
    labels = pd.concat(tables, ignore_index=True)
    labels = labels[labels["label"] != "ambiguous"].reset_index(drop=True)
    paths = [Path(folder, "frames", file) for folder, file in zip(labels["folder"], labels["file"], strict=True)]
    colours = ["grey" if is_grey(path) else "colour" for path in paths]
    return labels.assign(path=paths, colours=colours, yes=labels["label"] == "aurora")


def is_grey(path: Path) -> bool:
    """Whether a picture shows no colours."""
    levels = np.asarray(Image.open(path).convert("RGB"), dtype=float)
    return bool(np.ptp(levels, axis=2).mean() <= GREY)


def probabilities(model: nn.Module, card: network.ModelCard, paths: Sequence[Path]) -> np.ndarray:
    """P(yes) of real frames, shape (n,)."""
    prepare = for_evaluation(card.image_size, card.mean, card.std)
    pictures = [prepare(np.asarray(Image.open(path).convert("RGB"))) for path in paths]
    model.eval()
    with torch.inference_mode():
        logits = torch.cat([model(picture[None]) for picture in pictures])
    return torch.softmax(logits / card.temperature, dim=1)[:, 1].numpy()


def _estimate(value: float, low: float | None = None, high: float | None = None) -> dict[str, float | None]:
    rounded = (None if number is None else round(float(number), 4) for number in (value, low, high))
    return dict(zip(("value", "low", "high"), rounded, strict=True))


def scores(labels: pd.DataFrame, p: np.ndarray, threshold: float = 0.5) -> dict[str, dict[str, Any]]:
    """By camera, colours, folder and of all: frames, yes, no, called wrongly, and four scores as value, low, high.

    recall and specificity have Wilson intervals, balanced and auroc those of a bootstrap of the frames of each class;
    null where a class has no frame.
    """
    generator = np.random.default_rng(0)
    by_camera = {}
    by_folder = labels.groupby(labels["folder"].map(lambda folder: Path(folder).name))
    groups = [*labels.groupby("source"), *labels.groupby("colours"), *by_folder, ("all", labels)]
    for name, rows in groups:
        yes, p_yes = rows["yes"].to_numpy(), p[rows.index]
        right = (p_yes >= threshold) == yes
        row = {"frames": len(yes), "yes": int(yes.sum()), "no": int((~yes).sum()), "wrong": int((~right).sum())}
        parts = []
        for column, group in (("recall", yes), ("specificity", ~yes)):
            row[column] = None
            if group.any():
                interval = binomtest(int(right[group].sum()), int(group.sum())).proportion_ci(method="wilson")
                row[column] = _estimate(right[group].mean(), *interval)
                parts.append(right[group].mean())
        row["balanced"], row["auroc"] = _estimate(np.mean(parts)), None
        if len(parts) == 2:
            above = np.sign(p_yes[yes][:, None] - p_yes[~yes]) / 2 + 0.5  # whether a yes stands above a no; ties half
            drawn = [_resampled(generator, above, right[yes], right[~yes]) for _ in range(RESAMPLES)]
            low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
            row["balanced"] = _estimate(np.mean(parts), low[0], high[0])
            row["auroc"] = _estimate(roc_auc_score(yes, p_yes), low[1], high[1])
        by_camera[name] = row
    return by_camera


def mistakes(labels: pd.DataFrame, p: np.ndarray, threshold: float = 0.5) -> list[dict[str, Any]]:
    """file, label, p (P(yes)) and note of the frames that are called wrongly, in order of p."""
    wrong = (p >= threshold) != labels["yes"]
    rows = labels.assign(p=p.astype(float).round(3))[wrong].sort_values(["p", "file"])
    return rows[["file", "label", "p", "note"]].to_dict("records")


def _resampled(
    generator: np.random.Generator, above: np.ndarray, right_yes: np.ndarray, right_no: np.ndarray
) -> tuple[float, float]:
    """Balanced accuracy and AUROC (share of pairs in which the yes stands above, Mann and Whitney 1947) of a draw."""
    # each class by itself, so that both are always there
    yes, no = (generator.choice(len(right), len(right)) for right in (right_yes, right_no))
    return float(right_yes[yes].mean() + right_no[no].mean()) / 2, float(above[np.ix_(yes, no)].mean())


def load(path: Path) -> tuple[nn.Module, network.ModelCard]:
    """A classifier from a models folder or a weights file."""
    if path.is_dir():
        return network.load_classifier(path)
    model = network.build("efficientnet_b1")
    weights.fill(model, weights.read(path), path)
    return model, network.ModelCard(backbone="efficientnet_b1", image_size=240, mean=None, std=None)


def measured(path: Path, labels: pd.DataFrame) -> dict[str, Any]:
    """What a model is and what it does on the frames: sha256 of its weights, `cameras`, largest error, `mistakes`."""
    model, card = load(path)
    p = probabilities(model, card, list(labels["path"]))
    file = path / network.CLASSIFIER if path.is_dir() else path
    return {
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "threshold": round(card.threshold, 6),
        "cameras": scores(labels, p, card.threshold),
        "largest_error": round(float(np.abs(labels["yes"] - p).max()), 4),
        "mistakes": mistakes(labels, p, card.threshold),
    }


def as_text(model: dict[str, Any]) -> str:
    """The scores as a table for reading, and the mistakes below it."""

    def cell(value: dict[str, float | None] | int | None) -> object:
        if not isinstance(value, dict):
            return "" if value is None else value
        number, low, high = value.values()
        return f"{number:.2f}" if low is None else f"{number:.2f} ({low:.2f} to {high:.2f})"

    rows = [
        {"camera": name, **{key: cell(value) for key, value in row.items()}} for name, row in model["cameras"].items()
    ]
    parts = [pd.DataFrame(rows).to_string(index=False), f"largest error {model['largest_error']:.2f}"]
    return "\n".join([*parts, *([pd.DataFrame(model["mistakes"]).to_string(index=False)] if model["mistakes"] else [])])


def main() -> None:
    """Print, and on request write, the scores of the classifiers named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="[NAME=]PATH")
    parser.add_argument("--folder", type=Path, action="append", required=True, metavar="FOLDER")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    labels, results = read_labels(given.folder), {}
    for argument in given.models:
        name, _, path = argument.rpartition("=")
        results[name or path] = measured(Path(path), labels)
        print(f"\n{name or path}\n{as_text(results[name or path])}", flush=True)
    if given.json:
        earlier = json.loads(given.json.read_text(encoding="utf-8")) if given.json.exists() else {}
        text = json.dumps(dict(sorted({**earlier, **results}.items())), indent=2, ensure_ascii=False)
        given.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
