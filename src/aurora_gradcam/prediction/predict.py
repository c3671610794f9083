"""`aurora predict`: videos and images -> frames.csv, keograms, overlays and summary.html."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import pandas as pd
import torch

from .. import memory
from ..config import Circle, Extract, Params
from ..errors import AuroraError, InputError
from ..files import atomic_write
from ..gradcam.maps import method_and_layer
from ..preprocessing import video
from ..training import network as networks
from . import circles, classified, model, night, pictures, shown, sources, summary
from .series import Series, of_images, of_video
from .warnings import warnings

logger = logging.getLogger(__name__)

TABLE = "frames.csv"
COLUMNS = (
    *("source", "frame_no", "utc", "time_status", "sun_altitude", "moon_altitude", "sun_class", "moon_class"),
    *("p_aurora", "is_aurora", "status", "logit_no", "logit_yes", "moon_phase_angle", "moon_illumination"),
)


@dataclass(frozen=True)
class Job:
    """What one call of `run` is told."""

    out: Path
    params: Params
    model: Path = networks.MODELS
    circle: circles.Choice = None
    timed: bool = True
    explain: int = 0


@dataclass(frozen=True)
class Result:
    """A series with its rows, the circles its frames were cut to, and what is shown of it."""

    series: Series
    rows: pd.DataFrame
    circles: list[Circle]
    keogram: Path | None = None
    thumbnails: list[shown.Shown] = field(default_factory=list)
    explained: list[shown.Shown] = field(default_factory=list)


def run(paths: Sequence[Path], job: Job) -> pd.DataFrame:
    """Classify all frames of the paths and write the results below `job.out`; returns the table as written.

    Raises
    ------
    InputError, DataError, ConfigError, ToolError
        Before anything is decoded wherever the fault can be seen then.
    """
    memory.keep()
    _check_out(job.out)
    found = sources.find(paths)
    probed = _probed(found.videos, job)
    sizes = {path: size for path in found.images.values() if (size := pictures.size(path))}
    if found.images and not sizes and not probed:
        raise InputError("none of the images is readable", next(iter(found.images.values())), "see whether they open")
    by_size = circles.for_images(sizes, job.circle, job.params.extract)
    model.fetch_missing(job.model)
    network, card = networks.load_classifier(job.model)
    network.requires_grad_(False)
    networks.layer(network, method_and_layer(job.params.gradcam.layers[0])[1])
    _make_out(job.out)

    results, faults = [], []
    for name, (source, own) in probed.items():
        params = job.params.model_copy(update={"extract": own})
        try:
            with TemporaryDirectory(prefix="aurora-predict-") as folder:
                series = of_video(name, source, params, job.timed, Path(folder))
                results.append(_result(series, [own.circle], network, card, job, found.stems))
        except AuroraError as error:  # told at the end: the other videos are not to be lost
            faults.append(error)
        except OSError as error:
            faults.append(InputError(f"this video could not be read: {error.strerror or error}", source.path))
    if found.images:
        series = of_images(found.images, sizes, by_size, job.params, job.timed)
        cut = [circle for circle in by_size.values() if circle]
        results.append(_result(series, cut, network, card, job, found.stems))
    if not results:
        raise faults[0]

    table = pd.concat([result.rows for result in results], ignore_index=True)
    _write(job.out / TABLE, csv(table))
    said = [f"not classified: {error}" for error in faults] + warnings(results, found, job)
    for one in said:
        logger.warning(one)
    _write(job.out / summary.PAGE, summary.page(results, card, model.is_simulated(card), said, job))
    if faults:
        raise faults[0]
    return table


def _make_out(out: Path) -> None:
    """The folder; InputError where nothing can be written into it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        what = f"nothing can be written here: {error.strerror}"
        raise InputError(what, out, "give another folder by --out") from error


def _check_out(out: Path) -> None:
    """InputError where results would overwrite what is none of ours."""
    table, another = out / TABLE, "give another folder by --out"
    if out.exists() and not out.is_dir():
        raise InputError("this is a file and no folder", out, another)
    if table.is_file() and not table.read_text("utf-8", "replace").startswith(",".join(COLUMNS) + "\n"):
        raise InputError("this file is no result of `aurora predict` and is not overwritten", table, another)


def _probed(videos: dict[str, Path], job: Job) -> dict[str, tuple[video.Video, Extract]]:
    """Every video with how it is cut, looked at before any is decoded."""
    probed = {}
    for name, path in videos.items():
        source = video.probe(path)
        own = circles.for_video(source, job.circle, job.params.extract, job.timed)
        video.step(source.fps, own)
        probed[name] = (source, own)
    return probed


def _result(
    series: Series,
    cut: list[Circle],
    network: torch.nn.Module,
    card: networks.ModelCard,
    job: Job,
    stems: dict[str, str],
) -> Result:
    found = classified.classified(series, network, card, job.params.evaluate.batch_size)
    rows, keogram, overlays = found.rows, None, []
    if series.is_video:
        name = f"{stems[series.name]}_keogram.png"
        interval_s = job.params.extract.interval_s
        keogram = night.write_keogram(series, found, card.threshold, interval_s, job.out / name)
    if job.explain:
        layer = job.params.gradcam.layers[0]
        overlays = shown.explained(series, rows, job.explain, network, card, layer, job.out / "explain", stems)
    return Result(series, rows, cut, keogram, shown.thumbnails(series, rows, card.threshold), overlays)


def csv(rows: pd.DataFrame) -> str:
    """The table as text: `COLUMNS`, times as ISO 8601 with Z, numbers in full, what is unknown empty."""
    whole = rows["utc"].dt.microsecond.fillna(0).eq(0).all()
    form = "%Y-%m-%dT%H:%M:%SZ" if whole else "%Y-%m-%dT%H:%M:%S.%fZ"
    text = rows.assign(utc=rows["utc"].dt.strftime(form))
    return text[list(COLUMNS)].to_csv(index=False, lineterminator="\n")


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
