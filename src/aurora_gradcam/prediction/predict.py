"""`aurora predict`: videos and images -> frames.csv, keograms, overlays and summary.html."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from .. import memory
from ..config import Circle, Extract
from ..errors import AuroraError, InputError
from ..files import atomic_write, make_out
from ..gradcam.maps import method_and_layer
from ..preprocessing import video
from ..training import network as networks
from . import circles, image_files
from .checks import list_warnings
from .classification import classify_series, write_keogram
from .classifier import KIND_COLUMNS, Classifier, load
from .page import PAGE, render_page
from .result import Job, Result
from .series import Series, of_images, of_video
from .sources import Source, find_sources
from .thumbnails import draw_thumbnails, explain_surest

logger = logging.getLogger(__name__)

TABLE = "frames.csv"
FIRST_COLUMNS = (
    *("source", "frame_no", "utc", "time_status", "sun_altitude", "moon_altitude", "sun_class", "moon_class"),
    *("p_aurora", "is_aurora", "status"),
)
"""By these a table is known as one of `aurora predict`, also of an earlier version."""
COLUMNS = (*FIRST_COLUMNS, "logit_no", "logit_yes", "moon_phase_angle", "moon_illumination", "reason")
"""After them those of KIND_COLUMNS for which the model has a head."""


def run(paths: Sequence[Path], job: Job) -> pd.DataFrame:
    """Classify all frames of the paths and write the results below `job.out`; returns the table as written.

    Raises
    ------
    InputError, DataError, ConfigError, ToolError
        Before anything is decoded wherever the fault can be seen then.
    """
    memory.keep()
    _check_out(job.out)
    sources = find_sources(paths)
    probed = _probe(sources.videos, job)
    headers = {image.path: image_files.read_header(image.path) for image in sources.images}
    sizes = {path: header.size for path, header in headers.items() if not header.fault}
    if headers and not sizes and not probed:
        path, header = next(iter(headers.items()))
        raise InputError(f"none of the images is readable: {header.fault}", path, "see whether they open")
    cuts = circles.for_images(sizes, job.circle, job.params.extract)
    classifier = _load(job)
    make_out(job.out)

    results, errors = _classify_videos(probed, classifier, job)
    if sources.images:
        scale = image_files.measure_scale(headers)
        series = of_images(sources.images, headers, cuts, scale, job.params, job.timed)
        results.append(_result(series, [cut.circle for cut in cuts.values() if cut.circle], classifier, job))
    if not results:
        raise errors[0]

    table = pd.concat([result.rows for result in results], ignore_index=True)
    _write(job.out / TABLE, csv(table))
    warnings = [f"not classified: {error}" for error in errors] + list_warnings(results, sources, job)
    for warning in warnings:
        logger.warning(warning)
    _write(job.out / PAGE, render_page(results, classifier.card, warnings, job))
    if errors:
        raise errors[0]
    return table


def _load(job: Job) -> Classifier:
    """The classifier, its maps' layer checked; fetched first where a fresh clone lacks it."""
    classifier = load(job.model)
    networks.layer(classifier.network, method_and_layer(job.params.gradcam.layers[0])[1])
    return classifier


def _classify_videos(
    probed: Sequence[tuple[Source, video.Video, Extract]], classifier: Classifier, job: Job
) -> tuple[list[Result], list[AuroraError]]:
    """Results, and the errors of videos that failed: they are raised at the end, so that no other video is lost."""
    results, errors = [], []
    for source, probe, extract in probed:
        params = job.params.model_copy(update={"extract": extract})
        try:
            with TemporaryDirectory(prefix="aurora-predict-") as folder:
                series = of_video(source, probe, params, job.timed, Path(folder))
                results.append(_result(series, [extract.circle], classifier, job))
        except AuroraError as error:
            errors.append(error)
        except OSError as error:
            errors.append(InputError(f"this video could not be read: {error.strerror or error}", source.path))
    return results, errors


def _result(series: Series, cut_to: list[Circle], classifier: Classifier, job: Job) -> Result:
    network, card = classifier.network, classifier.card
    classification = classify_series(series, classifier, job.params.evaluate.batch_size)
    rows, layer = classification.rows, job.params.gradcam.layers[0]
    keogram = write_keogram(series, classification, card.threshold, job.params.extract.interval_s, job.out)
    thumbnails = draw_thumbnails(series, rows, card.threshold)
    overlays = []
    if job.explain:
        overlays = explain_surest(series, rows, job.explain, network, card, layer, job.out / "explain")
    return Result(series, rows, cut_to, keogram, thumbnails, overlays)


def _check_out(out: Path) -> None:
    """InputError where results would overwrite somebody else's file."""
    table, another = out / TABLE, "give another folder by --out"
    if out.exists() and not out.is_dir():
        raise InputError("this is a file and no folder", out, another)
    if table.is_file() and not table.read_text("utf-8", "replace").startswith(",".join(FIRST_COLUMNS)):
        raise InputError("this file is no result of `aurora predict` and is not overwritten", table, another)


def _probe(videos: Sequence[Source], job: Job) -> list[tuple[Source, video.Video, Extract]]:
    """Every video with how it is cut, looked at before any is decoded."""
    probed = []
    for source in videos:
        try:
            probe = video.probe(source.path)
        except InputError as error:  # a person's only copy: nobody is told to remove it
            raise InputError(error.what, error.where, "see whether it plays, or leave it out") from error
        extract = circles.for_video(probe, job.circle, job.params.extract, job.timed)
        video.step(probe.fps, extract)
        probed.append((source, probe, extract))
    return probed


def csv(rows: pd.DataFrame) -> str:
    """The table as text: `COLUMNS`, then the kinds; times as ISO 8601 with Z, numbers in full, unknown ones empty."""
    whole = rows["utc"].dt.microsecond.fillna(0).eq(0).all()
    form = "%Y-%m-%dT%H:%M:%SZ" if whole else "%Y-%m-%dT%H:%M:%S.%fZ"
    text = rows.assign(utc=rows["utc"].dt.strftime(form))
    kinds = [name for name in KIND_COLUMNS if name in text]
    return text[[*COLUMNS, *kinds]].to_csv(index=False, lineterminator="\n")


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
