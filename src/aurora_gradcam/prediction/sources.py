"""The paths given to `aurora predict`: videos, and images by themselves or in folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError

VIDEOS = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")
IMAGES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".ppm", ".pgm", ".jp2")


@dataclass(frozen=True)
class Source:
    """A video or an image: its name in the results, and how the names of files made from it begin."""

    name: str
    path: Path
    stem: str


@dataclass(frozen=True)
class Sources:
    """Videos and images, each once and in order, and the number of other files in their folders."""

    videos: list[Source]
    images: list[Source]
    ignored: int


def is_hidden(path: Path) -> bool:
    """Whether a file is hidden, as are the companions that other systems leave (`._night.mp4`)."""
    return path.name.startswith(".")


def find_sources(paths: Sequence[Path]) -> Sources:
    """Look at the paths in the order given; a folder stands for the images in it, in order of name.

    Raises
    ------
    InputError
        A path that does not exist, a file that is neither video nor image, a folder without an image.
    """
    videos: list[Path] = []
    images: list[Path] = []
    ignored = 0
    for path in paths:
        if path.is_dir():
            files = sorted(path.iterdir(), key=lambda file: file.name)
            own = [file for file in files if file.is_file() and _is_image(file)]
            if not own:
                raise InputError("this folder holds no image", path, _fix_of_empty(path))
            images += own
            ignored += len(files) - len(own)
        elif not path.exists():
            raise InputError("there is no such file or folder", path, "give a video, an image, or a folder of images")
        elif path.suffix.lower() in VIDEOS:
            videos.append(path)
        elif path.suffix.lower() in IMAGES:
            images.append(path)
        else:
            kinds = ", ".join((*VIDEOS, *IMAGES))
            raise InputError("this file is neither video nor image by its name", path, f"give one of {kinds}")
    named_videos, named_images = _names(videos), _names(images)
    stems = _stems([*named_videos, *named_images])
    return Sources(
        [Source(name, path, stems[name]) for name, path in named_videos.items()],
        [Source(name, path, stems[name]) for name, path in named_images.items()],
        ignored,
    )


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGES and not is_hidden(path)


def _names(paths: Sequence[Path]) -> dict[str, Path]:
    """Paths, each once, by their file names; where two files share a name, by the paths as given."""
    first = {path.resolve(): path for path in reversed(paths)}
    distinct = [path for path in paths if first.pop(path.resolve(), None) is path]
    shared = Counter(path.name for path in distinct)
    names = (path.name if shared[path.name] == 1 else path.as_posix() for path in distinct)
    # a name of other bytes than UTF-8 could not be written into the results
    return {name.encode("utf-8", "backslashreplace").decode(): path for name, path in zip(names, distinct, strict=True)}


def _stems(names: Sequence[str]) -> dict[str, str]:
    """By name, without the ending where no other source begins like it."""
    plain = {name: name.strip("/").replace("/", "_").lstrip(".") for name in names}
    short = {name: text.removesuffix(Path(name).suffix) for name, text in plain.items()}
    shared = Counter(short.values())
    return {name: short[name] if shared[short[name]] == 1 else plain[name] for name in plain}


def _fix_of_empty(folder: Path) -> str:
    files = (file for file in folder.iterdir() if file.suffix.lower() in VIDEOS and not is_hidden(file))
    videos = sorted(file.name for file in files)
    if videos:
        return f"name its {len(videos)} videos themselves, such as {folder / videos[0]}"
    return f"put images into it ({', '.join(IMAGES)})"
