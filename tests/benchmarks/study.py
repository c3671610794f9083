"""The study's method, written plainly: every frame for itself, with the libraries that the study used.

It gives what the project's way gives: that is checked beside each timing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytesseract
import torch
from PIL import Image
from skyfield.almanac import moon_phase
from skyfield.api import load, wgs84
from skyfield.jpllib import SpiceKernel
from torch import nn
from torch.utils.data import DataLoader, Dataset

from aurora_gradcam.config import Extract, Site
from aurora_gradcam.training.vision import transforms

# isort: split
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PREPARE = transforms.Compose(
    [
        transforms.Resize((240, 240)),
        transforms.ToImage(),
        transforms.ToDtype(torch.float32, scale=True),
        transforms.Normalize(MEAN, STD),
    ]
)
CHANGE = transforms.Compose(
    [
        transforms.Resize((240, 240)),
        transforms.RandomResizedCrop(240, scale=(0.8, 1.0)),
        transforms.RandomHorizontalFlip(),
        transforms.ColorJitter(0.3, 0.3, 0.3),
        transforms.ToImage(),
        transforms.ToDtype(torch.float32, scale=True),
        transforms.Normalize(MEAN, STD),
    ]
)


def extract(path: Path, params: Extract, every: int, folder: Path) -> list[Path]:
    """Read every frame, keep each `every`-th: mask, crop and write it, and its time strip beside it."""
    (x, y), radius, half = params.circle.center, params.circle.radius, params.crop // 2
    left, top, width, height = params.stamp_box
    capture = cv2.VideoCapture(str(path))
    written, number = [], 0
    while True:
        is_read, frame = capture.read()
        if not is_read:
            break
        if number % every == 0:
            cv2.imwrite(str(folder / f"{number}.png"), frame[top : top + height, left : left + width])
            mask = np.zeros(frame.shape[:2], np.uint8)
            cv2.circle(mask, (x, y), radius, 255, -1)
            masked = cv2.bitwise_and(frame, frame, mask=mask)
            written.append(folder / f"{number}.jpg")
            cv2.imwrite(str(written[-1]), masked[y - half : y + half, x - half : x + half])
        number += 1
    capture.release()
    return written


def read_times(strips: Sequence[np.ndarray]) -> list[str]:
    """Tesseract once a strip, after blur and threshold."""
    texts = []
    for strip in strips:
        blurred = cv2.GaussianBlur(strip, (3, 3), 0)
        _, inked = cv2.threshold(blurred, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        texts.append(pytesseract.image_to_string(inked, config="--psm 7").strip())
    return texts


def sun_and_moon(times: Sequence[datetime], site: Site, ephemeris: SpiceKernel) -> np.ndarray:
    """Altitude and azimuth of the Sun and of the Moon, phase angle and illuminated fraction: Skyfield at every time."""
    timescale = load.timescale(builtin=True)
    observer = ephemeris["earth"] + wgs84.latlon(site.latitude, site.longitude, elevation_m=site.elevation_m)
    rows = []
    for time in times:
        at = timescale.from_datetime(time)
        sun, moon = (observer.at(at).observe(ephemeris[body]).apparent() for body in ("sun", "moon"))
        places = [angle.degrees for body in (sun, moon) for angle in body.altaz()[:2]]
        phase = 180 - abs(180 - moon_phase(ephemeris, at).degrees)
        rows.append([*places, phase, moon.fraction_illuminated(ephemeris["sun"])])
    return np.array(rows)


def classify(paths: Sequence[Path], network: nn.Module) -> np.ndarray:
    """Logits, a picture at a time."""
    network.eval()
    with torch.no_grad():
        return np.concatenate([network(PREPARE(Image.open(path).convert("RGB"))[None]).numpy() for path in paths])


def maps(paths: Sequence[Path], network: nn.Module, layer: nn.Module) -> np.ndarray:
    """Grad-CAM of the class yes, a picture at a time."""
    with GradCAM(network, [layer]) as cam:
        heat = [cam(PREPARE(Image.open(path).convert("RGB"))[None], [ClassifierOutputTarget(1)]) for path in paths]
    return np.concatenate(heat)


class Files(Dataset):
    """JPG files, decoded whenever they are asked for; half of them are yes."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return CHANGE(Image.open(self.paths[index]).convert("RGB")), index % 2


def train(paths: Sequence[Path], network: nn.Module, is_frozen: bool) -> float:
    """One epoch, of the head alone or of all layers; the mean loss."""
    network.train()
    network.requires_grad_(not is_frozen)
    network.classifier.requires_grad_(True)
    optimiser = torch.optim.Adam(parameter for parameter in network.parameters() if parameter.requires_grad)
    losses = []
    for inputs, targets in DataLoader(Files(paths), batch_size=16, shuffle=True):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(network(inputs), targets)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return float(np.mean(losses))
