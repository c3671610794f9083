"""Self-contained HTML pages: Jinja templates with one style, and pictures as data URIs."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from PIL import Image

QUALITY = 82


def render(template: str, package: str = "aurora_gradcam.web", **values: Any) -> str:
    """A page from a package's folder `templates`; what is not there comes from `web/templates`, such as page.html.

    Values are escaped in HTML, not in Markdown; a name that has no value is an error.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in dict.fromkeys([package, "aurora_gradcam.web"])]),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)


def picture_uri(picture: np.ndarray | Path, width: int | None = None, quality: int = QUALITY) -> str:
    """A picture as a WebP data URI: uint8 RGB (height, width, 3) or a picture file, at most `width` pixels wide."""
    image = Image.open(picture).convert("RGB") if isinstance(picture, Path) else Image.fromarray(picture)
    if width and image.width > width:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
