"""Checks of this machine: programs, packages, disk, GPU, environment; none uses the network or changes anything."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from ..errors import ConfigError
from ..logs import LEVELS
from ..parallel import worker_count
from ..zones import zone_rules

SETUP = "make setup"
PYTHON = (3, 11)
OLDEST_FFMPEG = 5  # the first whose log names every decoded frame
NEWEST_FFMPEG = 8  # the newest that this code was run with; each major version drops options
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
LEAST_FREE_GB = 2.0
SEASON_GB = 20
VARIABLES = ("AURORA_DEVICE", "AURORA_LOG", "AURORA_WORKERS")


@dataclass(frozen=True)
class Check:
    """What was looked for, how it stands, what there is, the command that puts it right.

    `is_needed`: the pipeline cannot run without.
    """

    name: str
    state: Literal["ok", "missing", "old", "new", "low", "wrong"]
    finding: str
    fix: str = ""
    is_needed: bool = True


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Check:
    """The Python that runs this."""
    own, oldest = (".".join(map(str, numbers)) for numbers in (version, PYTHON))
    if tuple(version) < PYTHON:
        return Check("Python", "old", own, f"make setup PYTHON=python{oldest}")
    return Check("Python", "ok", own)


def packages(requirements: Path) -> list[Check]:
    """Each package that a requirements file pins, `name==version`, and that is not there in this version.

    One check for all of them where none is missing. A build's suffix, as in 2.13.0+cpu, does not count.
    """
    if not requirements.is_file():
        return [Check("Python packages", "missing", f"no {requirements.name} here: run in the repository's root",
                      "cd to the repository", is_needed=False)]  # fmt: skip
    pins = re.findall(r"^([\w.-]+)==([^\s#;]+)", requirements.read_text(encoding="utf-8"), flags=re.MULTILINE)
    faults = []
    for name, pinned in pins:
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            faults.append(Check(name, "missing", f"version {pinned} is required", SETUP))
            continue
        if version.partition("+")[0] != pinned.partition("+")[0]:
            faults.append(Check(name, "old", f"{version}, not {pinned}", SETUP))
    return faults or [Check("Python packages", "ok", f"{len(pins)}, all in the pinned versions")]


def torch_and_torchvision() -> Check:
    """Whether the two can be imported together."""
    try:
        import torch

        from ..training.vision import torchvision
    except (ImportError, OSError, RuntimeError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        return Check("torch and torchvision", "missing", reason[-1], SETUP)
    return Check("torch and torchvision", "ok", f"{torch.__version__}, {torchvision.__version__}")


def _output_of(*command: str) -> str | None:
    """What a program prints; None where it is missing or fails."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout + answer.stderr


def ffmpeg(name: Literal["ffmpeg", "ffprobe"] = "ffmpeg") -> Check:
    """One of ffmpeg's two programs, of a version that this project knows."""
    text = _output_of(name, "-version")
    if text is None:
        return Check(name, "missing", "not on the PATH", "apt-get install ffmpeg")
    version = re.search(r"version (\S+)", text)
    numbered = re.search(r"version n?(\d+)\.", text)  # a development build has no number
    own = version[1] if version else "of unknown version"
    major = int(numbered[1]) if numbered else OLDEST_FFMPEG
    if major < OLDEST_FFMPEG:
        return Check(name, "old", f"{own}, not {OLDEST_FFMPEG} or newer", "apt-get install ffmpeg, of a newer system")
    if major > NEWEST_FFMPEG:
        fix = f"if videos fail to decode, install ffmpeg {OLDEST_FFMPEG} to {NEWEST_FFMPEG}"
        return Check(name, "new", f"{own}, tested up to {NEWEST_FFMPEG}", fix, is_needed=False)
    return Check(name, "ok", own)


def tesseract() -> Check:
    """The program that reads the printed times, with its English data."""
    fix = "apt-get install tesseract-ocr tesseract-ocr-eng"
    text, languages = _output_of("tesseract", "--version"), _output_of("tesseract", "--list-langs")
    if text is None or languages is None:
        return Check("tesseract", "missing", "not on the PATH", fix)
    version = re.search(r"tesseract v?(\S+)", text)
    own = version[1] if version else "of unknown version"
    if "eng" not in languages.split():
        return Check("tesseract", "missing", f"{own}, without the language eng", fix)
    return Check("tesseract", "ok", f"{own}, with eng")


def chromium() -> Check:
    """A Chromium; the tests of web pages alone use it."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program:
        return Check("Chromium", "ok", f"{program} (for tests of pages)", is_needed=False)
    return Check("Chromium", "missing", "only tests of pages need it", "apt-get install chromium", is_needed=False)


def disk(root: Path, free_bytes: int | None = None) -> Check:
    """Free space where the data lie; `free_bytes` in place of the disk's own."""
    free = (shutil.disk_usage(root).free if free_bytes is None else free_bytes) / 1e9
    finding = f"{free:.1f} GB free (a season's frames take about {SEASON_GB})"
    if free < LEAST_FREE_GB:
        return Check("disk", "low", finding, f"free {LEAST_FREE_GB:g} GB or more; dvc gc -w removes old versions")
    return Check("disk", "ok", finding)


def time_zones() -> Check:
    """Which rules of time zones are used: the package's, whatever the system's are."""
    return Check("time zones", "ok", zone_rules())


def gpu() -> Check:
    """A graphics processor that torch can use; the CPU does without."""
    try:
        import torch

        name = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    except (ImportError, OSError, RuntimeError):
        name = ""
    if name:
        return Check("GPU", "ok", f"{name}; AURORA_DEVICE=cuda uses it", is_needed=False)
    return Check("GPU", "ok", "none: the CPU trains, more slowly", is_needed=False)


def _log_level() -> str:
    level = os.environ["AURORA_LOG"]
    if level.lower() not in LEVELS:
        raise ConfigError(f"'{level}' is not a level", "AURORA_LOG", f"choose one of {', '.join(LEVELS)}")
    return level


def environment() -> list[Check]:
    """The AURORA_* variables that are set; an unknown one is probably misspelt."""

    def device() -> object:
        from ..training.network import device

        return device()

    readers: dict[str, Callable[[], object]] = dict(zip(VARIABLES, (device, _log_level, worker_count), strict=True))
    checks = []
    for name in sorted(name for name in os.environ if name.startswith("AURORA_")):
        if name not in readers:
            known = ", ".join(VARIABLES)
            checks.append(Check(name, "wrong", "nothing reads it", f"unset {name}; there are {known}", is_needed=False))
            continue
        try:
            checks.append(Check(name, "ok", str(readers[name]())))
        except ConfigError as error:
            checks.append(Check(name, "wrong", error.what, error.fix))
        except (ImportError, OSError, RuntimeError):
            checks.append(Check(name, "wrong", "torch does not load", SETUP))
    return checks
