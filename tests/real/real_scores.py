"""Scores of a classifier on labelled real frames, per camera and with 95 % intervals.

    python tests/real/real_scores.py [MODELS_FOLDER | WEIGHTS_FILE] ...

A folder holds what stage train writes, a file weights as `aurora pretrain` writes them (240 px, frames by themselves).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score
from torch import nn

from aurora_gradcam.training import network, weights
from aurora_gradcam.training.transforms import for_evaluation

REAL = Path(__file__).parents[3] / "shared/real"
WRONG_BY = 0.9
RESAMPLES = 2000


def read_labels() -> pd.DataFrame:
    """file, source (the camera) and yes (bool) of the frames whose label is not ambiguous."""
    labels = pd.read_csv(REAL / "labels.csv")
    labels = labels[labels["label"] != "ambiguous"].reset_index(drop=True)
    return labels.assign(yes=labels["label"] == "aurora")


def probabilities(model: nn.Module, card: network.ModelCard, files: list[str]) -> np.ndarray:
    """P(yes) of real frames."""
    prepare = for_evaluation(card.image_size, card.mean, card.std)
    pictures = [prepare(np.asarray(Image.open(REAL / "frames" / file).convert("RGB"))) for file in files]
    model.eval()
    with torch.inference_mode():
        logits = torch.cat([model(picture[None]) for picture in pictures])
    return torch.softmax(logits / card.temperature, dim=1)[:, 1].numpy()


def _auroc(yes: np.ndarray, p: np.ndarray) -> float:
    return float(roc_auc_score(yes, p)) if 0 < yes.sum() < len(yes) else float("nan")


def table(labels: pd.DataFrame, p: np.ndarray, threshold: float = 0.5) -> pd.DataFrame:
    """A row a camera and one of all: frames, recall, specificity (Wilson), balanced accuracy, AUROC (bootstrap)."""
    generator = np.random.default_rng(0)
    rows = []
    for name, some in [*labels.groupby("source"), ("all", labels)]:
        yes, here = some["yes"].to_numpy(), p[some.index]
        right = (here >= threshold) == yes
        row = {"camera": name, "yes": yes.sum(), "no": (~yes).sum()}
        parts = []
        for column, group in (("recall", yes), ("specificity", ~yes)):
            if group.any():
                low, high = binomtest(int(right[group].sum()), int(group.sum())).proportion_ci(method="wilson")
                row[column] = f"{right[group].mean():.2f} ({low:.2f} to {high:.2f})"
                parts.append(right[group].mean())
        row["balanced"] = float(np.mean(parts))
        row["auroc"] = _auroc(yes, here)
        if 0 < yes.sum() < len(yes):
            drawn = [_resampled(generator, yes, here, right) for _ in range(RESAMPLES)]
            for column, values in zip(("balanced", "auroc"), zip(*drawn, strict=True), strict=True):
                row[f"{column}_95"] = "{:.2f} to {:.2f}".format(*np.quantile(values, [0.025, 0.975]))
        rows.append(row)
    return pd.DataFrame(rows)


def _resampled(
    generator: np.random.Generator, yes: np.ndarray, p: np.ndarray, right: np.ndarray
) -> tuple[float, float]:
    # each class by itself, so that both are always there
    some = np.concatenate([generator.choice(np.flatnonzero(group), group.sum()) for group in (yes, ~yes)])
    balanced = (right[some][yes[some]].mean() + right[some][~yes[some]].mean()) / 2
    return balanced, _auroc(yes[some], p[some])


def load(path: Path) -> tuple[nn.Module, network.ModelCard]:
    """A classifier from a models folder or a weights file."""
    if path.is_dir():
        return network.load_classifier(path)
    model = network.build("efficientnet_b1")
    weights.fill(model, weights.read(path), path)
    return model, network.ModelCard(backbone="efficientnet_b1", image_size=240, mean=None, std=None)


def main() -> None:
    """Print the tables of the classifiers named on the command line."""
    labels = read_labels()
    for argument in sys.argv[1:]:
        model, card = load(Path(argument))
        p = probabilities(model, card, list(labels["file"]))
        print(f"\n{argument}\n{table(labels, p, card.threshold).to_string(index=False)}")
        off = np.abs(labels["yes"] - p)
        print(f"wrong by more than {WRONG_BY}: {(off > WRONG_BY).sum()} of {len(p)}")
        shown = labels.assign(p=p.round(3))[off > 0.5].sort_values("p")
        print(shown[["file", "label", "p", "note"]].to_string(index=False))


if __name__ == "__main__":
    main()
