"""Single pictures as `aurora predict` is given them: the status of each, or why it cannot be decoded."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import tiny
from aurora_gradcam.prediction import image_files

from . import Kind

PIXELS = tiny.draw("yes", np.random.default_rng(3))
IMAGE = Image.fromarray(PIXELS)


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def read(content: Callable[[], bytes], name: str) -> Callable[[Path], Any]:
    """Status, and whether the picture is that which was drawn, within what its form loses."""

    def act(_: Path) -> Any:
        path = Path(name)
        path.write_bytes(content())
        status, picture, _ = image_files.read_frame(path, None)
        if picture is None or picture.shape != PIXELS.shape:
            return str(status)
        is_same = float(np.abs(picture.astype(int) - PIXELS).mean()) < 12
        return str(status), is_same

    return act


def folder(_: Path) -> Any:
    Path("a.jpg").mkdir()
    return str(image_files.read_frame(Path("a.jpg"), None)[0])


def jpeg() -> bytes:
    return encoded(IMAGE, "JPEG", quality=95)


def animated() -> bytes:
    others = [Image.fromarray(np.zeros_like(PIXELS))]
    return encoded(IMAGE.quantize(64), "GIF", save_all=True, append_images=[each.quantize(64) for each in others])


def deep() -> bytes:
    return encoded(Image.fromarray(PIXELS[..., 1].astype(np.uint16) * 257), "PNG")


RIGHT, CORRUPT, BLANK = ("ok", True), "corrupt", "blank"
KINDS = [
    Kind("JPEG", read(jpeg, "a.jpg"), RIGHT),
    Kind("JPEG, progressive", read(lambda: encoded(IMAGE, "JPEG", quality=95, progressive=True), "a.jpg"), RIGHT),
    Kind("JPEG of four inks", read(lambda: encoded(IMAGE.convert("CMYK"), "JPEG", quality=95), "a.jpg"), RIGHT),
    Kind("JPEG in grey", read(lambda: encoded(IMAGE.convert("L"), "JPEG", quality=95), "a.jpg"), RIGHT),
    Kind("PNG", read(lambda: encoded(IMAGE, "PNG"), "a.png"), RIGHT),
    Kind("PNG with transparency", read(lambda: encoded(IMAGE.convert("RGBA"), "PNG"), "a.png"), RIGHT),
    Kind("PNG with a palette", read(lambda: encoded(IMAGE.quantize(256), "PNG"), "a.png"), RIGHT),
    Kind("PNG of 16 bits", read(deep, "a.png"), RIGHT),
    Kind("TIFF, packed", read(lambda: encoded(IMAGE, "TIFF", compression="tiff_lzw"), "a.tif"), RIGHT),
    Kind("BMP", read(lambda: encoded(IMAGE, "BMP"), "a.bmp"), RIGHT),
    Kind("WebP", read(lambda: encoded(IMAGE, "WEBP", quality=95), "a.webp"), RIGHT),
    Kind("GIF that moves", read(animated, "a.gif"), RIGHT),
    Kind("a PNG that is called JPG", read(lambda: encoded(IMAGE, "PNG"), "a.jpg"), RIGHT),
    Kind("zero bytes", read(lambda: b"", "a.jpg"), CORRUPT),
    Kind("text", read(lambda: b"404 Not Found\n" * 9, "a.jpg"), CORRUPT),
    Kind("cut off", read(lambda: jpeg()[:900], "a.jpg"), CORRUPT),
    Kind("PNG cut off", read(lambda: encoded(IMAGE, "PNG")[:-9_00], "a.png"), CORRUPT),
    Kind("zeros in the middle", read(lambda: jpeg()[:900] + bytes(300) + jpeg()[1200:], "a.jpg"), CORRUPT),
    Kind("black", read(lambda: encoded(Image.fromarray(PIXELS * 0), "PNG"), "a.png"), BLANK),
    Kind("one pixel", read(lambda: encoded(IMAGE.resize((1, 1)), "PNG"), "a.png"), BLANK),
    Kind("a folder called JPG", folder, CORRUPT),
]
