"""Speed and memory in one table: the study's method, the project's, and the floor under both. Run it as `make bench`.

    python tests/benchmarks/run.py [--runs 3] [--frames 6480] [--only extract ocr_utc ...]

Seconds are CPU seconds (user and system, programs included), which other work on the machine changes less than the time
on the clock; each is the median of several runs of all ways in turn. Memory is what a run holds at most beyond what was
held before. Nothing is fetched: a night at the bit rate of the real archive and one at the sample's are drawn here.
The study's method is written plainly in study.py. Floors: a decode by one thread of which nothing is kept; the strips'
decode; the network's own work on batches at hand. `simulate` has no study: beside it stands drawing by whole pictures.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import measure
import night
import steps
import torch
from rich.console import Console
from rich.table import Table

from aurora_gradcam.training.network import fix_threads

COLUMNS = ("step", "unit", "study, ms", "ours, ms", "floor, ms", "study/ours", "ours/floor", "study, MiB", "ours, MiB",
           "results")  # fmt: skip
Row = tuple[steps.Step, list[measure.Measured | None]]


def prepared(folder: Path, frames: int, runs: int, names: list[str]) -> Iterator[Row]:
    """The steps, one after another, each measured."""
    later: list[tuple[str, Callable[[], steps.Step]]] = [
        ("extract", lambda: steps.extracting(folder, "archive", night.ARCHIVE_BYTES, 12, frames)),
        ("extract", lambda: steps.extracting(folder, "sample", night.SAMPLE_BYTES, 0, frames)),
        ("ocr_utc", steps.reading),
        ("illuminate", steps.sun_and_moon),
        ("classify", lambda: steps.classifying(steps.pictures_of(folder))),
        ("train", lambda: steps.training(steps.pictures_of(folder), True)),
        ("train", lambda: steps.training(steps.pictures_of(folder), False)),
        ("gradcam", lambda: steps.mapping(steps.pictures_of(folder))),
        ("simulate", steps.drawing),
    ]
    for name, prepare in later:
        if name in names:
            print(f"{name} ...", file=sys.stderr, flush=True)
            step = prepare()
            yield step, measure.in_turn((step.study, step.ours, step.floor), runs)


def cells(step: steps.Step, medians: list[measure.Measured | None]) -> list[str]:
    """One row of the table."""
    study, ours, floor = medians
    each = ["-" if way is None else f"{1000 * way.cpu_s / step.units:,.3g}" for way in medians]
    ratios = [f"{above.cpu_s / below.cpu_s:.2g}" if above and below and below.cpu_s > 0 else "-"
              for above, below in ((study, ours), (ours, floor))]  # fmt: skip
    memory = ["-" if way is None else f"{way.mib:.0f}" for way in (study, ours)]
    return [step.name, step.unit, *each, *ratios, *memory, step.agree(study.result, ours.result) if study else "-"]


def corpus_hours(rows: list[Row]) -> dict[str, tuple[float, float]]:
    """CPU hours of each step over 331 nights, in the study's way and in ours."""
    return {
        step.name: tuple(way.cpu_s / step.units * steps.STUDYS_STEPS[step.name] / 3600 for way in medians[:2])
        for step, medians in rows
        if step.name in steps.STUDYS_STEPS
    }


def main() -> None:
    """Print the table and the hours of the corpus."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--frames", type=int, default=night.NIGHT_FRAMES, help="video frames of the drawn nights")
    names = ["extract", "ocr_utc", "illuminate", "classify", "train", "gradcam", "simulate"]
    parser.add_argument("--only", nargs="+", default=names, choices=names)
    chosen = parser.parse_args()
    if {"classify", "train", "gradcam"} & set(chosen.only) and "extract" not in chosen.only:
        parser.error("classify, train and gradcam take the frames that extract gives: name it too")
    fix_threads()
    console = Console(width=150)
    table = Table(*COLUMNS, title=f"CPU time for each unit, medians of {chosen.runs} runs in turn")
    with TemporaryDirectory() as folder:
        rows = []
        for row in prepared(Path(folder), chosen.frames, chosen.runs, chosen.only):
            rows.append(row)
            table.add_row(*cells(*row))
    console.print(table)
    print(f"{os.cpu_count()} cores ({platform.processor() or platform.machine()}), torch {torch.__version__}")
    if chosen.frames == night.NIGHT_FRAMES:
        hours = corpus_hours(rows)
        study, ours = (sum(pair[way] for pair in hours.values()) for way in (0, 1))
        print(f"{steps.NIGHTS} nights, {steps.CORPUS:,} frames: {', '.join(hours)}")
        print(f"{study:.1f} CPU hours in the study's way, {ours:.1f} in ours; on two cores half of that on the clock")


if __name__ == "__main__":
    main()
