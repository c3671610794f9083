"""MODEL_CARD.md and DATA_CARD.md at the root of the repository: what the model and the data are, and their limits.

No number in them is typed by hand: they come from metrics.json, model.json and params.yaml.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ..config import Params
from ..files import write_text
from ..inference.bootstrap import MIN_NIGHTS
from ..results import DATA_CARD, MODEL_CARD
from ..web.pages import render
from .formats import basis, counted, inline, number, plain, whole
from .inputs import Inputs
from .page_tables import SCORES, SETS
from .thesis_tables import illumination_table, months_table
from .verdicts import calibration_text, chosen_on_val, gain_text

CITATION = Path("CITATION.cff")


def citation() -> dict[str, Any] | None:
    """CITATION.cff; None where it is missing."""
    return yaml.safe_load(CITATION.read_text(encoding="utf-8")) if CITATION.exists() else None


def author_names(cited: dict[str, Any]) -> list[str]:
    """The authors of CITATION.cff: people by given and family names, or groups by their name."""
    return [
        author.get("name") or " ".join(author[key] for key in ("given-names", "family-names") if key in author)
        for author in cited.get("authors", [])
    ]


def compose(template: str, data: Inputs, metrics: dict[str, Any], params: Params) -> str:
    """One card as Markdown; `template` is model_card.md or data_card.md, `metrics` are with point estimates."""
    provenance = (data.model or {}).get("provenance", {})
    return render(
        template,
        package="aurora_gradcam.report",
        params=params,
        metrics=metrics,
        model=data.model,
        provenance=provenance,
        starting_weights=(provenance.get("weights") or {}).get("name") or metrics["train"]["weights"],
        held_out=data.held_out,
        start=metrics.get("start"),
        gain_text=gain_text,
        calibration_text=calibration_text(metrics["calibration"], params.train.least_val_nights),
        chosen_on_val=chosen_on_val(metrics["calibration"]),
        sets=SETS,
        scores=SCORES,
        conditions=[plain(f"{pair.sun} x {pair.moon}") for pair in params.sample_label.conditions],
        months=months_table(data.frames).to_dict("records"),
        illumination=illumination_table(data.sky).to_dict("records"),
        citation=(cited := citation()),
        authors=author_names(cited or {}),
        cite=data.study and data.study["cite"],
        min_nights=MIN_NIGHTS,
        basis=basis,
        counted=counted,
        inline=inline,
        number=number,
        plain=plain,
        whole=whole,
    )


def write(data: Inputs, metrics: dict[str, Any], params: Params) -> None:
    """Write both cards, whole."""
    for path, template in ((MODEL_CARD, "model_card.md"), (DATA_CARD, "data_card.md")):
        write_text(path, compose(template, data, metrics, params))
