"""Which sky circle the frames are cut to: the one given, the one that the pictures show, or that of the params."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from ..config import Circle, Extract
from ..errors import AuroraError, ConfigError, DataError, InputError
from ..preprocessing.video import Video, misplaced_box, misplaced_box_error
from . import image_files
from .find_circle import find_circle

AUTO = "auto"
Choice = Circle | str | None
"""A circle, `AUTO`, or None for that of the params."""
Size = tuple[int, int]
GIVE_CIRCLE = "give --circle auto, or --circle x,y,r in pixels, or set extract.circle"
GIVE_STAMP_BOX = "set extract.stamp_box to where the time stands (x,y,width,height), or give --no-sky"


class Cut(NamedTuple):
    """How images of one size are cut; without a circle they are frames already, with an error they cannot be cut."""

    circle: Circle | None = None
    error: AuroraError | None = None


def parse_choice(text: str) -> Choice:
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


def format_circle(circle: Circle) -> str:
    """`centre 640, 360, radius 360`."""
    return f"centre {circle.center[0]}, {circle.center[1]}, radius {circle.radius}"


def is_inside(circle: Circle, size: Size) -> bool:
    """Whether the whole circle lies in a picture of (width, height)."""
    (x, y), (width, height) = circle.center, size
    return min(x, y) >= circle.radius and x + circle.radius <= width and y + circle.radius <= height


def largest_inside(circle: Circle, size: Size) -> Circle:
    """The circle, made smaller about its centre where it leaves a picture of (width, height)."""
    (x, y), (width, height) = circle.center, size
    return circle.model_copy(update={"radius": max(1, min(circle.radius, x, y, width - x, height - y))})


def for_video(video: Video, choice: Choice, extract: Extract, timed: bool) -> Extract:
    """How this video is cut: `extract` with the chosen circle; checked against the video's size.

    A circle that `AUTO` finds beyond the picture is made smaller. Without `timed` any time strip will do.

    Raises
    ------
    InputError
        Circle or time strip do not lie inside the picture.
    DataError
        No circle is found.
    """
    size = (video.width, video.height)
    circle = largest_inside(find_circle(image_files.read_video(video)), size) if choice == AUTO else choice
    if isinstance(circle, Circle):
        extract = extract.model_copy(update={"circle": circle, "crop": 2 * circle.radius})
    if not timed:
        extract = extract.model_copy(update={"stamp_box": (0, 0, 2, 2)})
    if box := misplaced_box(video, extract):
        fix = GIVE_STAMP_BOX if box[0] == "stamp_box" else f"{GIVE_CIRCLE} and extract.crop"
        raise misplaced_box_error(video, *box, fix)
    return extract


def for_images(sizes: Mapping[Path, Size], choice: Choice, extract: Extract) -> dict[Size, Cut]:
    """How images of each size are cut.

    One size that cannot be cut, such as that of a preview, is no reason to refuse the others.

    Raises
    ------
    InputError, DataError
        Images of no size can be cut; the error of the first.
    """
    by_size: dict[Size, list[Path]] = {}
    for path, size in sizes.items():
        by_size.setdefault(size, []).append(path)
    cuts = {size: _cut(size, paths, choice, extract.circle) for size, paths in by_size.items()}
    errors = [cut.error for cut in cuts.values() if cut.error]
    if errors and len(errors) == len(cuts):
        raise errors[0]
    return cuts


def _cut(size: Size, paths: Sequence[Path], choice: Choice, default: Circle) -> Cut:
    try:
        return Cut(for_size(size, paths, choice, default))
    except (InputError, DataError) as error:
        return Cut(error=error)


def for_size(size: Size, paths: Sequence[Path], choice: Choice, default: Circle) -> Circle | None:
    """The circle that images of one size are cut to; None where they are frames already. Errors as of `for_images`."""
    if choice == AUTO:
        return _search(paths)
    if isinstance(choice, Circle):
        return _overlapping(choice, size, paths[0])
    if size[0] == size[1]:
        return None
    if not is_inside(default, size):
        circle = f"extract.circle ({format_circle(default)})"
        raise InputError(f"{circle} does not lie inside this image of {size[0]}x{size[1]}", paths[0], GIVE_CIRCLE)
    return default


def _search(paths: Sequence[Path]) -> Circle:
    """The circle that the images show; a DataError names the first of them."""
    pictures = image_files.read_some(paths)
    if not pictures:
        raise DataError("none of the images of this size is readable", paths[0], "see whether they open")
    try:
        return find_circle(pictures)
    except DataError as error:
        raise DataError(error.what, paths[0], error.fix) from error


def _overlapping(circle: Circle, size: Size, path: Path) -> Circle:
    """The circle, if its centre lies in the picture and it is not larger; else an InputError."""
    fix = "give --circle x,y,r in this picture's pixels, or --circle auto"
    if not all(0 <= at <= side for at, side in zip(circle.center, size, strict=True)):
        what = f"the centre {circle.center} of the circle lies outside the picture of {size[0]}x{size[1]}"
        raise InputError(what, path, fix)
    if circle.radius > max(size):
        what = f"the radius {circle.radius} of the circle is larger than the picture of {size[0]}x{size[1]}"
        raise InputError(what, path, fix)
    return circle
