"""Small night videos with known content, and damage done to them, for tests of whatever reads videos."""

from __future__ import annotations

from pathlib import Path

import ffmpeg
import numpy as np

from aurora_gradcam.config import Circle, Extract

WIDTH, HEIGHT = 112, 72
CENTER, RADIUS, CROP = (50, 36), 30, 60
EXTRACT = Extract(circle=Circle(center=CENTER, radius=RADIUS), crop=CROP, stamp_box=(81, 57, 30, 13), jpeg_quality=2)
_BITS, _BIT = 9, 4  # the frame number stands in the sky as nine blocks of four pixels


def draw(number: int, brightness: float = 1.0) -> np.ndarray:
    """Frame `number`, uint8 grey (HEIGHT, WIDTH): a moving texture, the number in binary, and a strip of its own."""
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    noise = np.random.default_rng(number).normal(0, 4, (HEIGHT, WIDTH))
    picture = 90 + 40 * np.sin((column + 2 * number) / 7) * np.cos((row - number) / 5) + noise
    for bit in range(_BITS):
        left = CENTER[0] + (bit - _BITS // 2) * _BIT - _BIT // 2
        picture[32:40, left : left + _BIT] = 230 if number >> bit & 1 else 20
    picture[57:70, 81:111] = 40 + number % 180
    return np.clip(picture * brightness, 0, 255).astype(np.uint8)


def number_in(picture: np.ndarray) -> int:
    """The frame number in a cropped grey picture, uint8 (CROP, CROP)."""
    left = CROP // 2 - (_BITS // 2) * _BIT - _BIT // 2
    row = picture[CROP // 2 - 3 : CROP // 2 + 3, left : left + _BITS * _BIT].mean(0).reshape(_BITS, _BIT)
    return sum(int(level > 125) << bit for bit, level in enumerate(row[:, 1:3].mean(1)))


def write(path: Path, frames: list[np.ndarray], fps: str = "25", **options: object) -> Path:
    """Encode grey frames as H.264, with B frames and a keyframe every 30 frames unless told otherwise."""
    height, width = frames[0].shape
    path.parent.mkdir(parents=True, exist_ok=True)
    source = ffmpeg.input("pipe:", f="rawvideo", pix_fmt="gray", s=f"{width}x{height}", r=fps)
    settings = {"vcodec": "libx264", "pix_fmt": "yuv420p", "preset": "veryfast", "crf": 10, "g": 30, "threads": 1}
    command = source.output(str(path), **(settings | options)).global_args("-v", "error")
    command.run(input=b"".join(frame.tobytes() for frame in frames), overwrite_output=True)
    return path


def decoded(path: Path) -> np.ndarray:
    """A second, plain decode: every frame, uint8 grey (frames, height, width), in order of presentation."""
    stream = ffmpeg.probe(str(path))["streams"][0]
    raw, _ = (
        ffmpeg.input(str(path))
        .output("pipe:", f="rawvideo", pix_fmt="gray", vsync="passthrough", sws_flags="bitexact+accurate_rnd")
        .run(capture_stdout=True, quiet=True)
    )
    return np.frombuffer(raw, np.uint8).reshape(-1, stream["height"], stream["width"])


def packets(path: Path) -> list[dict[str, str]]:
    """The container's packets in order of decoding, as ffprobe tells them."""
    return ffmpeg.probe(str(path), show_packets=None)["packets"]


def damage(path: Path, packet: int, skip: int = 0) -> None:
    """Overwrite a packet with nonsense: all of it, or all but its first `skip` bytes, so that a picture still comes."""
    place = packets(path)[packet]
    start, size = int(place["pos"]) + skip, int(place["size"]) - skip
    content = bytearray(path.read_bytes())
    content[start : start + size] = np.random.default_rng(packet).bytes(size) if skip else b"\xff" * size
    path.write_bytes(content)
