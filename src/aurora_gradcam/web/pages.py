"""Self-contained HTML pages: jinja2 templates with one style, and pictures as data addresses."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

QUALITY = 82


def render(template: str, **values: Any) -> str:
    """A page of `web/templates`; values are escaped, and a name that the template asks for in vain is an error."""
    loader = PackageLoader("aurora_gradcam.web")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template).render(**values)


def picture_uri(picture: np.ndarray | Path, width: int | None = None, quality: int = QUALITY) -> str:
    """A picture as a WebP data address: uint8 RGB (height, width, 3) or a picture file, at most `width` pixels wide."""
    image = Image.open(picture).convert("RGB") if isinstance(picture, Path) else Image.fromarray(picture)
    if width and image.width > width:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
