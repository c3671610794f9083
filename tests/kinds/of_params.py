"""params.yaml and what `--set` gives, as people write it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aurora_gradcam import config

from . import Kind, Refused

PATH = Path("camera.yaml")
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def read(text: str | bytes, *assignments: str, key: str = "seed") -> Callable[[Path], Any]:
    """The value of a key of the params."""

    def act(_: Path) -> Any:
        PATH.write_bytes(text if isinstance(text, bytes) else text.encode())
        value: Any = config.load(PATH, assignments)
        for part in key.split("."):
            value = getattr(value, part)
        return value

    return act


def missing(_: Path) -> Any:
    return config.load(PATH)


def folder(_: Path) -> Any:
    PATH.mkdir()
    return config.load(PATH)


KINDS = [
    Kind("empty", read(""), 42),
    Kind("comments alone", read("# nothing\n"), 42),
    Kind("what differs", read("seed: 7\n"), 7),
    Kind("line ends of Windows", read("seed: 7\r\nmonths: []\r\n"), 7),
    Kind("a byte order mark", read(b"\xef\xbb\xbfseed: 7\n"), 7),
    Kind("a month without quotes", read("months: [2024-02]\n", key="months"), ("2024-02",)),
    Kind("JSON", read('{"seed": 7}'), 7),
    Kind("--set over the file", read("seed: 7\n", "seed=8"), 8),
    Kind("no file", missing, Refused("no such params file")),
    Kind("a folder of that name", folder, Refused("give a file, not a folder")),
    Kind("a key twice", read("seed: 1\nseed: 2\n"), Refused("'seed' stands twice")),
    Kind("a key twice in a section", read("site: {latitude: 1, longitude: 2, latitude: 3}\n"), Refused("twice")),
    Kind("an unknown key", read("extract: {radius: 3}\n"), Refused("extract.radius: unknown key")),
    Kind("an unknown section", read("extrakt: {}\n"), Refused("extrakt: unknown key")),
    Kind("a list", read("- seed\n"), Refused("a mapping of sections")),
    Kind("a word", read("seed\n"), Refused("a mapping of sections")),
    Kind("tabs", read("extract:\n\tcrop: 3\n"), Refused("not readable as YAML")),
    Kind("not UTF-8", read("# Tromsø\n".encode("latin-1")), Refused("not readable as YAML")),
    Kind("a brace too few", read("site: {latitude: 1\n"), Refused("not readable as YAML")),
    Kind("code", read("seed: !!python/object/apply:os.system ['touch ran']\n"), Refused("not readable as YAML")),
    Kind("a text that swells", read(BOMB), Refused("unknown key|aliases")),
    Kind("no number", read("site: {latitude: .nan}\n"), Refused("site.latitude")),
    Kind("without end", read("extract: {interval_s: .inf}\n"), Refused("extract.interval_s")),
    Kind("beyond the pole", read("site: {latitude: 91}\n"), Refused("site.latitude")),
    Kind("a comma in a number", read("", "site.latitude=62,4"), Refused("site.latitude.*--set.*with a point")),
    Kind("no integer", read("seed: 1.5\n"), Refused("seed")),
    Kind("below zero", read("seed: -1\n"), Refused("seed")),
    Kind("a truth for a number", read("extract: {crop: yes}\n"), Refused("extract: crop is true")),
    Kind("Norway for no", read("site: {timezone: no}\n"), Refused("site: timezone is false")),
    Kind("a zone that there is not", read("site: {timezone: Mars/Olympus}\n"), Refused("Mars/Olympus")),
    Kind("a thirteenth month", read("months: ['2024-13']\n"), Refused("months")),
    Kind("a section without keys", read("site:\n"), Refused("site: this section holds no keys")),
    Kind("shares that add up to more", read("", "split.fractions.train=0.9"), Refused("add up to 1")),
    Kind("--set without a value", read("", "seed"), Refused("no key=value")),
    Kind("--set below a value", read("seed: 1\n", "seed.deep=1"), Refused("holds a value")),
]
