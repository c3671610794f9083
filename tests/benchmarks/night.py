"""A night video at a chosen bit rate, drawn: a moving arc, stars, grain, and the time."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, FPS = 1280, 720, 25
NIGHT_FRAMES = 6480
"""Of the archive's longest nights: 10.8 hours at 6 s a frame."""
ARCHIVE_BYTES = 15_400
"""A frame in the archive: 100 MB a night."""
SAMPLE_BYTES = 1_000
"""A frame in the bundled sample, whose sky is drawn with less grain."""
DRAWN = 400
"""Frames that are drawn and encoded; the night repeats them by stream copy."""


def frames(grain: float) -> list[bytes]:
    """DRAWN frames, grey (HEIGHT, WIDTH): `grain` is the deviation of the noise in levels."""
    generator = np.random.default_rng(0)
    row, column = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    stars = (generator.random((HEIGHT, WIDTH)) > 0.9995) * 120
    noise = generator.normal(0, max(grain, 0.01), (HEIGHT + 64, WIDTH + 64)).astype(np.float32)
    font = ImageFont.load_default(size=28)
    pictures = []
    for number in range(DRAWN):
        down, right = generator.integers(0, 64, 2)
        arc = 90 * np.exp(-(((row - 260 - 60 * np.sin(column / 200 + number / 40)) / 50) ** 2))
        sky = 25 + arc + stars + noise[down : down + HEIGHT, right : right + WIDTH]
        picture = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8))
        pen = ImageDraw.Draw(picture)
        pen.rectangle((820, 664, 1272, 720), fill=0)
        pen.text((840, 674), time_text(number), fill=255, font=font)
        pictures.append(picture.tobytes())
    return pictures


def time_text(number: int) -> str:
    """What is printed on a frame; 6 s apart."""
    seconds = 6 * number
    return f"2024-01-31 {18 + seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d} MST"


def write(path: Path, frame_bytes: int, count: int, grain: float) -> Path:
    """H.264 with three B frames, as the archive has it, of `count` frames and about `frame_bytes` each."""
    rate = f"{frame_bytes * 8 * FPS}"
    part = path.with_name(f"part-{path.name}")
    source = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-")
    x264 = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-pix_fmt", "yuv420p", "-b:v", rate)
    limits = ("-minrate", rate, "-maxrate", rate, "-bufsize", rate)
    ffmpeg(*source, *x264, *limits, str(part), given=b"".join(frames(grain)))
    ffmpeg("-stream_loop", "-1", "-i", str(part), "-c", "copy", "-frames:v", str(count), str(path))
    part.unlink()
    return path


def ffmpeg(*arguments: str, given: bytes = b"") -> None:
    """Run ffmpeg, showing errors only."""
    subprocess.run(["ffmpeg", "-y", "-v", "error", *arguments], check=True, input=given)
