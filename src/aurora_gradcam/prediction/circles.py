"""Which sky circle the frames are cut to: as told, as found in the pictures, or that of the params."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from ..config import Circle, Extract
from ..errors import ConfigError, InputError
from ..preprocessing.video import Video, check_size
from . import pictures
from .find_circle import find_circle

AUTO = "auto"
Choice = Circle | str | None
"""A circle, `AUTO`, or None for that of the params."""
Size = tuple[int, int]
FIX = "give --circle auto, or --circle x,y,r in pixels, or set extract.circle"


def choice(text: str) -> Choice:
    """The option `--circle`: empty, `auto`, or x,y,r in pixels.

    Raises
    ------
    ConfigError
        Anything else.
    """
    if text in ("", AUTO):
        return text or None
    try:
        x, y, radius = (int(part) for part in text.split(","))
        return Circle(center=(x, y), radius=radius)
    except (ValueError, ValidationError) as error:
        raise ConfigError(f"'{text}' is no circle", "--circle", "write auto, or x,y,r such as 640,360,360") from error


def inside(circle: Circle, size: Size) -> bool:
    """Whether the whole circle lies in a picture of (width, height)."""
    (x, y), (width, height) = circle.center, size
    return min(x, y) >= circle.radius and x + circle.radius <= width and y + circle.radius <= height


def _meeting(circle: Circle, size: Size, where: Path) -> Circle:
    """The circle, if its centre lies in the picture; else an InputError."""
    if not all(0 <= at <= side for at, side in zip(circle.center, size, strict=True)):
        what = f"the centre {circle.center} of the circle lies outside the picture of {size[0]}x{size[1]}"
        raise InputError(what, where, "give --circle x,y,r in this picture's pixels, or --circle auto")
    if circle.radius > max(size):
        what = f"the radius {circle.radius} of the circle is larger than the picture of {size[0]}x{size[1]}"
        raise InputError(what, where, "give --circle x,y,r in this picture's pixels, or --circle auto")
    return circle


def largest_inside(circle: Circle, size: Size) -> Circle:
    """The circle, made smaller about its centre where it leaves a picture of (width, height)."""
    (x, y), (width, height) = circle.center, size
    return circle.model_copy(update={"radius": max(1, min(circle.radius, x, y, width - x, height - y))})


def for_video(video: Video, chosen: Choice, extract: Extract, timed: bool) -> Extract:
    """How this video is cut: `extract` with the chosen circle; checked against the video's size.

    A found circle that leaves the picture is made smaller. Without `timed` the time strip is of no use and any will do.

    Raises
    ------
    InputError
        Circle or time strip do not lie inside the picture.
    DataError
        No circle is found.
    """
    size = (video.width, video.height)
    circle = largest_inside(find_circle(pictures.of_video(video)), size) if chosen == AUTO else chosen
    if isinstance(circle, Circle):
        extract = extract.model_copy(update={"circle": circle, "crop": 2 * circle.radius})
    if not timed:
        extract = extract.model_copy(update={"stamp_box": (0, 0, 2, 2)})
    try:
        check_size(video, extract)
    except InputError as error:
        fix = f"{FIX} and extract.crop"
        if "stamp_box" in error.what:
            fix = "set extract.stamp_box to where the time stands (x,y,width,height), or give --no-sky"
        raise InputError(error.what, error.where, fix) from error
    return extract


def for_images(sizes: dict[Path, Size], chosen: Choice, extract: Extract) -> dict[Size, Circle | None]:
    """The circle for images of each size; None where they are square, so cut to their inscribed circle already.

    Raises
    ------
    InputError
        A circle does not fit into the images.
    DataError
        No circle is found.
    """
    by_size: dict[Size, list[Path]] = {}
    for path, size in sizes.items():
        by_size.setdefault(size, []).append(path)
    return {size: _for_size(size, paths, chosen, extract.circle) for size, paths in by_size.items()}


def _for_size(size: Size, paths: Sequence[Path], chosen: Choice, default: Circle) -> Circle | None:
    if chosen == AUTO:
        return find_circle(pictures.several(list(paths)))
    if isinstance(chosen, Circle):
        return _meeting(chosen, size, paths[0])
    if size[0] == size[1]:
        return None
    if not inside(default, size):
        (x, y), radius = default.center, default.radius
        circle = f"extract.circle (centre {x}, {y}, radius {radius})"
        raise InputError(f"{circle} does not lie inside this image of {size[0]}x{size[1]}", paths[0], FIX)
    return default
