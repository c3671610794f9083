"""summary.html: what was classified, by which model, what came out, and what to check, on one page without network."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import yaml

from ..conditions import MOON_CLASSES, SUN_CLASSES
from ..gradcam.maps import METHODS, method_and_layer
from ..tables.frames import SIMULATED_PREFIX
from ..tables.kinds import CLOUD, CLOUDS, FORM, FORMS, STRENGTH
from ..tables.times import TIME_STATUSES
from ..training.network import ModelCard
from ..web.pages import picture_uri, render
from .circles import format_circle
from .result import Job, Result
from .status import Status
from .thumbnails import DOUBT, KINDS, PER_KIND, Thumbnail

PAGE = "summary.html"
KEOGRAM_QUALITY = 90
SECTIONS = ("site", "extract", "ocr_utc", "illuminate", "predict")
"""Sections of the params that times, sky and frames come from."""


def p_text(p_yes: float) -> str:
    """A probability to three digits, never rounded to certainty."""
    return "> 0.999" if p_yes > 0.9995 else "< 0.001" if p_yes < 0.0005 else f"{p_yes:.3f}"


def share(part: int, whole: int) -> str:
    """`35 %`; empty where there is nothing to be shared."""
    return f"{part / whole:.0%}".replace("%", " %") if whole else ""


def headline(table: pd.DataFrame) -> str:
    """The result in a sentence, without a full stop."""
    good, yes = int(table["p_aurora"].notna().sum()), int(table["is_aurora"].fillna(False).sum())
    called = f", {yes} called aurora ({share(yes, good)})" if good else ""
    return f"{good} of {len(table)} frames classified{called}"


def _numbers(rows: pd.DataFrame) -> dict[str, Any]:
    good = rows.dropna(subset=["p_aurora"])
    yes = int(good["is_aurora"].sum())
    mean = f"{good['p_aurora'].mean():.2f}" if len(good) else ""
    return {"frames": len(rows), "classified": len(good), "yes": yes, "share": share(yes, len(good)), "mean": mean}


def _span(utc: pd.Series) -> str:
    known = utc.dropna()
    if known.empty:
        return ""
    first, last = known.min(), known.max()
    end = f"{last:%H:%M:%S}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M:%S}"
    return f"{first:%Y-%m-%d %H:%M:%S} to {end}"


def _source(result: Result) -> dict[str, Any]:
    rows = result.rows
    return {
        "name": result.series.name,
        "span": _span(rows["utc"]),
        "untimed": int((rows["time_status"] == "failed").sum()),
        "bad": int((rows["status"] != "ok").sum()),
        "circles": "; ".join(format_circle(circle) for circle in result.circles) or "images used whole",
        **_numbers(rows),
    }


def by_condition(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Numbers of each illumination condition that occurs, from dark to bright, then of frames of unknown time."""
    conditions = []
    groups = dict(list(table.groupby(["sun_class", "moon_class"])))
    for sun in SUN_CLASSES:
        for moon in MOON_CLASSES:
            if (sun, moon) in groups:
                conditions.append({"sun": sun, "moon": moon.replace("_", " "), **_numbers(groups[sun, moon])})
    unknown = table[table["sun_class"].isna()]
    if len(unknown):
        conditions.append({"sun": "time not known", "moon": "", **_numbers(unknown)})
    return conditions


def by_kind(table: pd.DataFrame) -> dict[str, Any]:
    """Cloud and form in numbers, and the strength in a sentence; nothing of what the model has no head for."""
    kinds: dict[str, Any] = {}
    classified = table[table["p_aurora"].notna()]
    if CLOUD in table:
        groups = {label: classified[classified[CLOUD] == label] for label in CLOUDS}
        kinds["cloud"] = [{"name": label, **_numbers(rows)} for label, rows in groups.items() if len(rows)]
    called = classified[classified["is_aurora"].fillna(False).astype(bool)]
    if FORM in table:
        kinds["form"] = [(label, n, share(n, len(called))) for label, n in _counts(called[FORM], FORMS)]
    if STRENGTH in table and len(called):
        middle, most = called[STRENGTH].median(), called[STRENGTH].max()
        kinds["strength"] = f"{middle:.2g} kR in the middle frame called aurora, {most:.2g} kR in the strongest"
    return {name: value for name, value in kinds.items() if value}


def _counts(column: pd.Series, names: Sequence[str]) -> list[tuple[str, int]]:
    counts = column.value_counts()
    return [(name, int(counts[name])) for name in names if name in counts]


def best_thumbnails(results: Sequence[Result]) -> dict[str, list[Thumbnail]]:
    """The pictures of each kind that belong to it best, over all series."""
    by_rank = sorted((thumbnail for result in results for thumbnail in result.thumbnails), key=lambda each: -each.rank)
    return {kind: [thumbnail for thumbnail in by_rank if thumbnail.kind == kind][:PER_KIND] for kind in KINDS}


def model_facts(card: ModelCard) -> list[tuple[str, str]]:
    """What a reader needs to judge and to repeat the result: name and value."""
    facts = [("network", f"{card.backbone}, {card.image_size} x {card.image_size} pixels")]
    provenance = card.provenance
    weights = provenance.get("weights")
    if isinstance(weights, dict) and "name" in weights:
        simulated = ", pretrained on simulated skies alone" if weights["name"] == "sky" else ""
        facts.append(("started from weights", f"{weights['name']}{simulated}"))
    if isinstance(frames := provenance.get("frames"), dict):
        facts.append(("frames learnt from", ", ".join(f"{count} ({name})" for name, count in frames.items())))
    if isinstance(heads := provenance.get("heads"), dict) and heads:
        facts.append(("further heads", ", ".join(heads)))
    facts += [("temperature", f"{card.temperature:.4g}"), ("threshold of P(yes)", f"{card.threshold:.4g}")]
    if "classifier_sha256" in provenance:
        facts.append(("sha256 of the weights", provenance["classifier_sha256"]))
    return facts


def _params(job: Job) -> str:
    tree = job.params.model_dump(mode="json")
    return yaml.safe_dump({name: tree[name] for name in SECTIONS}, sort_keys=False, default_flow_style=None)


def render_page(results: Sequence[Result], card: ModelCard, warnings: Sequence[str], job: Job) -> str:
    """The page as HTML; `warnings` are what to check, one sentence each."""
    table = pd.concat([result.rows for result in results], ignore_index=True)
    method, layer = method_and_layer(job.params.gradcam.layers[0])
    return render(
        "prediction.html",
        package="aurora_gradcam.prediction",
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        headline=headline(table),
        warnings=warnings,
        simulated=card.is_simulated,
        simulated_sky=any(result.series.name.rpartition("/")[2].startswith(SIMULATED_PREFIX) for result in results),
        facts=model_facts(card),
        sources=[_source(result) for result in results],
        total=_numbers(table),
        conditions=by_condition(table) if job.timed else [],
        of_kind=by_kind(table),
        timed=job.timed,
        times=_counts(table["time_status"], TIME_STATUSES),
        statuses=_counts(table["status"], tuple(Status)),
        keograms=[(r.series.name, picture_uri(r.keogram, quality=KEOGRAM_QUALITY)) for r in results if r.keogram],
        kinds=best_thumbnails(results),
        doubt=DOUBT,
        explained=[(result.series.name, result.explained) for result in results if result.explained],
        method=f"{METHODS[method].__name__} at {layer}",
        params=_params(job),
        p_text=p_text,
    )
