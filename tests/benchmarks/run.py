"""Speed and memory, side by side: the way the project works against the plain way. Run it as `make bench`.

Every row is the median of RUNS runs of both ways, taken in turn in this one process, so that a busy machine slows both.
Memory is what this process and its children hold at most beyond what they held before. Nothing is fetched; the
inputs are drawn here.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import psutil
import torch
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from rich.table import Table

from aurora_gradcam import parallel
from aurora_gradcam.config import Extract, Site
from aurora_gradcam.inference.classify import classify
from aurora_gradcam.preprocessing import sky, video
from aurora_gradcam.preprocessing.times import stamps
from aurora_gradcam.simulation import rendering, scene
from aurora_gradcam.simulation.sample import SAMPLE
from aurora_gradcam.training.network import ModelCard, build
from aurora_gradcam.training.transforms import for_evaluation

RUNS = 3
FRAMES, STRIPS, TIMES, VIDEO_FRAMES, DRAWN = 32, 24, 20_000, 400, 40
MIB = 2**20
Way = Callable[[], object]


def held() -> int:
    """Resident bytes of this process and of the programs it started."""
    own = psutil.Process()
    total = own.memory_info().rss
    for child in own.children(recursive=True):
        with suppress(psutil.Error):
            if child.exe() != own.exe():  # a child just forked still shares this process's memory
                total += child.memory_info().rss
    return total


def measured(way: Way) -> tuple[float, float, object]:
    """Seconds, peak MiB beyond the start, and the result of one run."""
    before, peak, done = held(), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.01):
            peak = max(peak, held())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    try:
        result = way()
    finally:
        seconds = time.perf_counter() - start
        done.set()
        watcher.join()
    return seconds, max(peak - before, 0) / MIB, result


def classifying() -> tuple[Way, Way]:
    """The network's memory format; the decoded pictures are at hand."""
    generator = np.random.default_rng(0)
    pictures = list(generator.integers(0, 256, (FRAMES, 240, 240, 3), dtype=np.uint8))
    card = ModelCard(backbone="efficientnet_b1", image_size=240)
    network, plain = (build(card.backbone).eval().to(memory_format=layout)
                      for layout in (torch.channels_last, torch.contiguous_format))  # fmt: skip
    prepare = for_evaluation(card.image_size, card.mean, card.std)

    def contiguous() -> np.ndarray:
        with torch.inference_mode():
            return plain(torch.stack([prepare(picture) for picture in pictures]).contiguous()).numpy()

    classify(network, card, pictures[:2], 2)  # the first call sets up the kernels
    return lambda: classify(network, card, pictures, FRAMES), contiguous


def reading() -> tuple[Way, Way]:
    """Times of one night as tesseract reads them."""
    font = ImageFont.load_default(size=28)
    strips = []
    for minute in range(STRIPS):
        strip = Image.new("L", (452, 56))
        ImageDraw.Draw(strip).text((20, 10), f"2024-01-31 18:{minute:02d}:54 MST", fill=255, font=font)
        strips.append(np.asarray(strip))
    return lambda: stamps.read(strips, STRIPS), lambda: stamps.read(strips, 1)


def sun_and_moon() -> tuple[Way, Way]:
    """Sun and Moon of TIMES minutes."""
    utc = pd.date_range("2024-02-01", periods=TIMES, freq="min", tz="UTC")
    kernel = sky.open_ephemeris("de421.bsp")
    site = Site()
    sky.sun_and_moon(utc[:10], site)

    def at_once() -> np.ndarray:
        return sky._positions(utc, site, kernel).round(sky.DECIMALS)

    return lambda: sky.sun_and_moon(utc, site).to_numpy(), at_once


def drawing() -> tuple[Way, Way]:
    """Video frames of a simulated night; pictures developed strip by strip against whole ones, on all processors."""
    plan = replace(next(plan for plan in SAMPLE if plan.episodes and plan.clouds), frames=DRAWN)
    strip, whole = scene.STRIP, 720
    list(rendering.rendered(plan, 1, Site(), 1))  # the first call prepares the night

    def drawn(rows: int) -> np.ndarray:
        scene.STRIP = rows
        frames = rendering.rendered(plan, 1, Site(), parallel.worker_count())
        return np.concatenate([batch.pictures.astype(np.int16) for _, batch in frames])

    return lambda: drawn(strip), lambda: drawn(whole)


def decoding(folder: Path) -> tuple[Way, Way]:
    """Frames and time strips of a night video; the plain way draws no mask, which favours it."""
    path = folder / "night.mp4"
    source = f"testsrc2=size=1280x720:rate=25,noise=alls=12:allf=t,trim=end_frame={VIDEO_FRAMES}"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", str(path))
    extract = Extract()
    x, y, width, height = extract.stamp_box

    def once() -> int:
        return len(video.decode(video.probe(path), extract, folder))

    def twice() -> int:
        sampled = ("-threads", "1", "-i", str(path), "-fps_mode", "passthrough", "-threads", "1", "-vf")
        ffmpeg(*sampled, f"select=not(mod(n\\,10)),crop={width}:{height}:{x}:{y},format=gray", f"{folder}/strip%d.png")
        ffmpeg(*sampled, "select=not(mod(n\\,10)),crop=720:720:280:0", "-q:v", "3", f"{folder}/frame%d.jpg")
        return len(list(folder.glob("frame*.jpg")))

    return once, twice


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg, saying errors only."""
    subprocess.run(["ffmpeg", "-y", "-nostdin", "-v", "error", *arguments], check=True)


def same(first: object, second: object) -> bool:
    """Whether both ways gave the same answer, within the rounding of float32 where it is an array."""
    if isinstance(first, np.ndarray):
        return bool(np.allclose(first, second, rtol=1e-4, atol=1e-5))
    if isinstance(first, list):
        return [stamp.text for stamp in first] == [stamp.text for stamp in second]
    return first == second


def main() -> int:
    """Print the table; exit status 1 if two ways disagree."""
    table = Table(title=f"Medians of {RUNS} runs on {torch.get_num_threads()} cores; ratio = plain way / project's way")
    for column in (
        "what",
        "project's way",
        "s",
        "MiB",
        "plain way",
        "s",
        "MiB",
        "ratio, time",
        "ratio, memory",
        "same",
    ):
        table.add_column(column, justify="right" if column in ("s", "MiB") or "ratio" in column else "left")
    agree = True
    with TemporaryDirectory() as folder:
        benchmarks = (
            (f"classify {FRAMES} frames", "channels_last", "contiguous", classifying),
            (f"read {STRIPS} time strips", f"page of {STRIPS}", "one a process", reading),
            (f"Sun and Moon, {TIMES:,} times", f"chunks of {sky.CHUNK:,}", "one call", sun_and_moon),
            (f"draw {DRAWN} simulated frames", "strips", "whole pictures", drawing),
            (f"extract {VIDEO_FRAMES} video frames", "decode once", "decode twice", lambda: decoding(Path(folder))),
        )
        for what, *names, prepare in benchmarks:
            print(f"{what} ...", file=sys.stderr, flush=True)
            ways = prepare()
            runs = [[measured(way) for way in ways] for _ in range(RUNS)]
            medians = [[statistics.median(run[way][value] for run in runs) for value in (0, 1)] for way in (0, 1)]
            is_same = all(same(run[0][2], run[1][2]) for run in runs)
            agree &= is_same
            cells = [cell for name, (seconds, memory) in zip(names, medians, strict=True)
                     for cell in (name, f"{seconds:.2f}", f"{memory:.0f}")]  # fmt: skip
            ratios = [f"{plain / own:.1f}" if own >= 0.01 else "-" for own, plain in zip(*medians, strict=True)]
            table.add_row(what, *cells, *ratios, "yes" if is_same else "NO")
    Console(width=130).print(table)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
