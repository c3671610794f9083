"""Where training stands after each epoch, on disk, so that a killed run goes on from there to the same weights.

The folder is no output of a stage: DVC removes the outputs before it runs a stage anew, and with them a checkpoint.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..files import atomic_write
from ..tables.split import SPLIT_TABLE
from .loop import Epoch, Pictures, State

logger = logging.getLogger(__name__)

FOLDER = Path("data/models.partial")
FILE = "checkpoint.pt"
CODE = Path(__file__).parent


def key_of(model: nn.Module, frames: list[Pictures], settings: dict[str, Any]) -> str:
    """SHA-256 of all that the weights follow from: weights to start from, frames, split, settings, code, torch, device.

    Parameters
    ----------
    model
        The network before the first epoch.
    frames
        Those of train and of val, as the network sees them.
    settings
        Params and seed, as JSON can hold them.
    """
    digest = hashlib.sha256(SPLIT_TABLE.path().read_bytes())
    device = str(next(model.parameters()).device)
    digest.update(json.dumps([settings, torch.__version__, device], sort_keys=True).encode())
    for path in sorted(CODE.glob("*.py")):
        digest.update(path.read_bytes())
    for name, tensor in model.state_dict().items():
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    for pictures in frames:
        digest.update(json.dumps([list(pictures.frame_ids), [int(target) for target in pictures.targets]]).encode())
        for picture in pictures.pictures:
            digest.update(picture.tobytes())
    return digest.hexdigest()


def read(key: str, folder: Path = FOLDER) -> State | None:
    """The state that a run of the same key left; None where there is none, or it is another's or damaged."""
    try:
        stored = torch.load(folder / FILE, map_location="cpu", weights_only=True)
        if stored["key"] != key:
            return None
        rows = tuple(Epoch(**row) for row in stored["rows"])
        state = State(rows, stored["network"], stored["optimiser"], stored["best"])
    except FileNotFoundError:
        return None
    except (RuntimeError, EOFError, KeyError, TypeError, ValueError, pickle.UnpicklingError) as error:
        logger.info(f"{folder / FILE} is not usable ({type(error).__name__}): training starts anew")
        return None
    logger.info(f"training goes on after epoch {len(rows)}, where an earlier run was stopped")
    return state


def writer(key: str, folder: Path = FOLDER) -> Callable[[State], None]:
    """A function that keeps a state in place of the last one, whole."""

    def write(state: State) -> None:
        stored = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
        stored["rows"] = [dataclasses.asdict(row) for row in state.rows]
        with atomic_write(folder / FILE) as temporary:
            torch.save({"key": key, **stored}, temporary)

    return write


def remove(folder: Path = FOLDER) -> None:
    """Remove the checkpoint, and what a kill while it was written may have left beside it."""
    for path in [folder / FILE, *folder.glob(f".{FILE}.*.part")]:
        path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
