"""The steps of the pipeline, each in three ways: the study's, the project's, and the floor under both."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import night
import numpy as np
import pandas as pd
import study
import torch
from measure import Way
from PIL import Image, ImageDraw, ImageFont
from torch import nn

from aurora_gradcam import parallel
from aurora_gradcam.config import Extract, Params, Site
from aurora_gradcam.corpus.images import decode_image
from aurora_gradcam.gradcam.maps import explain
from aurora_gradcam.inference.classify import classify
from aurora_gradcam.preprocessing import extract, ocr_utc, sky, video
from aurora_gradcam.simulation import rendering, scene
from aurora_gradcam.simulation.draw import random_plan
from aurora_gradcam.training import loop, network, transforms

NIGHTS, CORPUS = 331, 214_890
EPOCHS, LABELLED, MAPPED = 6, 2_048, 100
"""Of each phase of training; frames that are learnt from; frames that are explained."""
STRIPS, TIMES, PICTURES, DRAWN = 240, 2_000, 32, 40
LAYER = "features.8"
STUDYS_STEPS = {"extract (archive)": NIGHTS, "ocr_utc": CORPUS, "illuminate": CORPUS, "classify": CORPUS,
                "train, head": EPOCHS * LABELLED, "train, all": EPOCHS * LABELLED, "gradcam": MAPPED}  # fmt: skip
"""How often the corpus of 331 nights has each step's unit."""


@dataclass(frozen=True)
class Step:
    """One row: `units` is how many of its unit (a night, a frame) a run does, `agree` compares the two results."""

    name: str
    unit: str
    units: int
    study: Way | None
    ours: Way
    floor: Way | None
    agree: Callable[[object, object], str]


def extracting(folder: Path, name: str, frame_bytes: int, grain: float, count: int) -> Step:
    """A night's frames and time strips; the floor is a decode by one thread, of which nothing is kept."""
    path = night.write(folder / f"simulatedHD_20240201_720p_{frame_bytes}.mp4", frame_bytes, count, grain)
    params = Extract()
    every = int(video.step(video.probe(path).fps, params))
    ways = {kind: folder / f"{kind}-{frame_bytes}" for kind in ("study", "ours")}
    for place in ways.values():
        place.mkdir()

    def ours() -> list[Path]:
        for picture in ways["ours"].iterdir():
            picture.unlink()
        rows, samples = extract.decode_night("20240201", video.probe(path), params, ways["ours"])
        assert (rows["status"] == "ok").all()
        return [sample.picture for sample in samples.values()]

    def floor() -> None:
        night.ffmpeg("-threads", "1", "-i", str(path), "-map", "0:v:0", "-f", "null", "-")

    def agree(study_paths: list[Path], own: list[Path]) -> str:
        pairs = zip(study_paths[:20], own[:20], strict=True)
        apart = [
            np.abs(decode_image(a.read_bytes()).astype(int) - decode_image(b.read_bytes())).mean() for a, b in pairs
        ]
        return f"{len(own)} and {len(study_paths)} frames, {np.mean(apart):.1f} of 255 apart"

    return Step(f"extract ({name})", "night", 1, partial(study.extract, path, params, every, ways["study"]), ours,
                floor, agree)  # fmt: skip


def reading() -> Step:
    """Time strips; the floor is their decode."""
    generator, font = np.random.default_rng(0), ImageFont.load_default(size=28)
    strips, texts = [], [night.time_text(10 * number) for number in range(STRIPS)]
    for text in texts:
        strip = Image.new("L", (452, 56))
        ImageDraw.Draw(strip).text((20, 10), text, fill=240, font=font)
        noisy = np.asarray(strip, float) + generator.normal(0, 4, (56, 452))
        strips.append(np.clip(noisy, 0, 255).astype(np.uint8))
    stored = []
    for strip in strips:
        buffer = io.BytesIO()
        Image.fromarray(strip).save(buffer, "PNG")
        stored.append(buffer.getvalue())

    def ours() -> list[str]:
        read = ocr_utc.read_texts(
            range(STRIPS), lambda number: decode_image(stored[number])[..., 0], "20240201", Params()
        )
        return [stamp.text or "" for stamp in read]

    def studys() -> list[str]:
        return study.read_times([decode_image(png)[..., 0] for png in stored])

    def agree(study_texts: list[str], own: list[str]) -> str:
        right = [sum(map(str.__eq__, texts, given)) for given in (own, study_texts)]
        return f"right: {right[0]} of {STRIPS}; the study's {right[1]}"

    return Step("ocr_utc", "strip", STRIPS, studys, ours,
                lambda: [decode_image(png) for png in stored], agree)  # fmt: skip


def sun_and_moon() -> Step:
    """Sun and Moon of the minutes of some nights."""
    first = datetime(2024, 2, 1, tzinfo=UTC)
    times = [first + timedelta(days=number // 648, minutes=number % 648) for number in range(TIMES)]
    site, kernel = Site(), sky.open_ephemeris("de421.bsp")
    sky.sun_and_moon(pd.DatetimeIndex(times[:10]), site)

    def agree(expected: np.ndarray, values: np.ndarray) -> str:
        apart = np.abs(values - expected)[:, :5]
        return f"{np.minimum(apart, 360 - apart).max():.5f} degree apart at most"

    return Step("illuminate", "time", TIMES, partial(study.sun_and_moon, times, site, kernel),
                lambda: sky.sun_and_moon(pd.DatetimeIndex(times), site).to_numpy(), None, agree)  # fmt: skip


def pictures_of(folder: Path) -> list[Path]:
    """Some frames as the archive's night gave them."""
    return sorted((folder / f"ours-{night.ARCHIVE_BYTES}").glob("*.jpg"))[:PICTURES]


def plain_network() -> nn.Module:
    """The study's network, in torch's own memory format."""
    return network.build("efficientnet_b1", 1).to(memory_format=torch.contiguous_format).eval()


CARD = network.ModelCard(backbone="efficientnet_b1", image_size=240)
PREPARE = transforms.for_evaluation(CARD.image_size, CARD.mean, CARD.std)


def prepared(paths: list[Path]) -> torch.Tensor:
    """Frames as the network takes them."""
    pictures = [PREPARE(decode_image(path.read_bytes())) for path in paths]
    return torch.stack(pictures).to(memory_format=torch.channels_last)


def apart(study_result: np.ndarray, own: np.ndarray) -> str:
    return f"{np.abs(np.asarray(own) - np.asarray(study_result)).max():.4f} apart at most"


def classifying(paths: list[Path]) -> Step:
    """Decode, resize, logits; the floor is the network's own work."""
    plain, own, batch = plain_network(), network.build("efficientnet_b1", 1).eval(), prepared(paths)

    def floor() -> None:
        with torch.inference_mode():
            own(batch)

    return Step("classify", "frame", len(paths), lambda: study.classify(paths, plain),
                lambda: classify(own, CARD, (decode_image(path.read_bytes()) for path in paths), 32), floor,
                lambda first, second: f"logits {apart(first, second)}")  # fmt: skip


def mapping(paths: list[Path]) -> Step:
    """Grad-CAM of some frames; the floor is the network's way forward."""
    plain, own, batch = plain_network(), network.build("efficientnet_b1", 1).eval(), prepared(paths)
    own.requires_grad_(False)

    def ours() -> np.ndarray:
        pictures = prepared(paths)
        return np.concatenate([explain(own, pictures[start : start + 8], "yes", LAYER)
                               for start in range(0, len(paths), 8)])  # fmt: skip

    def floor() -> None:
        with torch.inference_mode():
            own(batch)

    return Step("gradcam", "map", len(paths), lambda: study.maps(paths, plain, plain.get_submodule(LAYER)), ours, floor,
                lambda first, second: f"maps {apart(first, second)}")  # fmt: skip


def training(paths: list[Path], is_frozen: bool) -> Step:
    """One epoch over the frames, without the validation; the floor is the steps of the network on prepared batches."""
    epochs = (1, 0) if is_frozen else (0, 1)
    params = Params().train.model_copy(update={"frozen_epochs": epochs[0], "finetune_epochs": epochs[1],
                                               "statistics": "kept", "normalisation": "imagenet"})  # fmt: skip
    batch, targets = prepared(paths), torch.arange(len(paths)) % 2

    def ours() -> float:
        small = [transforms.resized(decode_image(path.read_bytes()), 240) for path in paths]
        learnt = loop.Pictures([path.stem for path in paths], small, targets.tolist())
        val = loop.Pictures(["a", "b"], small[:2], [0, 1])
        return next(iter(list(loop.fit(network.build("efficientnet_b1", 1), learnt, val, params, 1)))).train_loss

    def floor() -> None:
        own = network.build("efficientnet_b1", 1)
        own.requires_grad_(not is_frozen)
        own.classifier.requires_grad_(True)
        for inputs, right in zip(batch.split(16), targets.split(16), strict=True):
            nn.functional.cross_entropy(own(inputs), right).backward()

    def agree(first: float, second: float) -> str:
        return f"losses {first:.2f} and {second:.2f}"

    return Step("train, head" if is_frozen else "train, all", "frame", len(paths),
                lambda: study.train(paths, plain_network(), is_frozen), ours, floor, agree)  # fmt: skip


def drawing() -> Step:
    """Video frames of a simulated night, which the study has none of; the floor is developing whole pictures."""
    plans = (random_plan("20240211", 30, seed, Site()) for seed in range(99))
    plan = replace(next(plan for plan in plans if plan.episodes and plan.clouds), frames=DRAWN)
    rows = scene.STRIP
    list(rendering.rendered(plan, 1, Site(), 1))  # the first call prepares the night

    def drawn(strip: int) -> np.ndarray:
        scene.STRIP = strip
        frames = rendering.rendered(plan, 1, Site(), parallel.worker_count())
        return np.concatenate([batch.pictures.astype(np.int16) for _, batch in frames])

    return Step("simulate", "frame", DRAWN, lambda: drawn(720), lambda: drawn(rows), None,
                lambda first, second: f"pictures {apart(first, second)}")  # fmt: skip
