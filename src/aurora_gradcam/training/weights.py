"""What the network starts from (`train.weights`): ImageNet, the project's own sky weights, a file, or random numbers.

The choice is followed or refused, never replaced by another.
"""

from __future__ import annotations

import hashlib
import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlparse

import safetensors.torch
import torch
from torch import nn

from ..errors import ConfigError, InputError
from .vision import models

logger = logging.getLogger(__name__)

SKY = Path("data/weights/sky.safetensors")
HEAD = "classifier.1."  # the last linear layer of torchvision's EfficientNets
KEPT_APART = ("heads.", "no_sky.")
"""Beginnings of the names of tensors that a file of sky weights holds for others than the aurora's network."""
TIMEOUT_S = 30.0
_OTHERS = "set train.weights to sky, none or the path of a file"


def start(network: nn.Module, backbone: str, choice: str, key: str = "train.weights") -> dict[str, str | None]:
    """Load the chosen weights into the network; returns their name and SHA-256 for `model.json`.

    Parameters
    ----------
    network
        What `network.build(backbone)` gave; with `none` it keeps its random weights.
    choice
        `imagenet` (torchvision's IMAGENET1K_V1), `sky`, `none`, or the path of a .pth, .pt or .safetensors file.
    key
        Where in params.yaml the choice stands.

    Raises
    ------
    InputError
        The file is missing, cannot be fetched or read, or does not fit the network.
    """
    path = _path_of(backbone, choice, key)
    if path is None:
        return {"name": "none", "sha256": None}
    fill(network, read(path), path)
    return {"name": choice, "sha256": sha256_of(path)}


def kept_apart(backbone: str, choice: str) -> dict[str, torch.Tensor]:
    """What the chosen weights' file holds beside the network (KEPT_APART), by name; arguments as those of `start`."""
    path = _path_of(backbone, choice)
    tensors = {} if path is None else read(path)
    return {name: tensor for name, tensor in tensors.items() if name.startswith(KEPT_APART)}


def _path_of(backbone: str, choice: str, key: str = "train.weights") -> Path | None:
    """The file of the chosen weights; None for random ones."""
    if choice == "none":
        return None
    if choice == "imagenet":
        return fetch(models.get_model_weights(backbone)["IMAGENET1K_V1"].url)
    if choice == "sky":
        if not SKY.exists():
            raise InputError("the project's own sky weights are not here", SKY, f"run `dvc pull`, or set {key}")
        return SKY
    path = Path(choice)
    if path.suffix not in (".pth", ".pt", ".safetensors"):
        message = f"'{choice}' is neither imagenet, sky, none nor the path of a .pth, .pt or .safetensors file"
        raise ConfigError(message, key)
    return path


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a weights file by name; nothing but tensors is ever unpickled."""
    if not path.is_file():
        raise InputError("there is no such weights file", path, "correct `weights` in params.yaml")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's unpickler fails on strange bytes in whichever way they lead it to
        fault = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(f"not readable as a file of tensors: {fault}", path, "get or save the file again") from error
    if not isinstance(tensors, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in tensors.values()):
        raise InputError("not a state dict, a table of tensors by name", path, "save network.state_dict() alone")
    return tensors


def fill(network: nn.Module, tensors: dict[str, torch.Tensor], where: object = "") -> None:
    """Copy tensors into the network; a head of another size, as ImageNet's of 1000 outputs, is left out.

    So are further heads and what tells a picture of no sky (KEPT_APART).

    Raises InputError, which names the tensors, where any other tensor is missing, unknown or of another shape.
    """
    own = network.state_dict()
    chosen = {
        name: tensor
        for name, tensor in tensors.items()
        if not name.startswith(KEPT_APART)
        and not (name.startswith(HEAD) and name in own and tensor.shape != own[name].shape)
    }
    faults = [f"{name} is missing" for name in own if name not in tensors]
    faults += [f"{name} is unknown" for name in chosen if name not in own]
    faults += [
        f"{name} is {tuple(tensor.shape)} instead of {tuple(own[name].shape)}"
        for name, tensor in chosen.items()
        if name in own and tensor.shape != own[name].shape
    ]
    if faults:
        more = f" and {len(faults) - 4} more" if len(faults) > 4 else ""
        what = f"the weights do not fit the network: {'; '.join(faults[:4])}{more}"
        raise InputError(what, where, "choose weights of the network that train.backbone names")
    network.load_state_dict({**own, **chosen})


def fetch(url: str, timeout_s: float = TIMEOUT_S) -> Path:
    """The file at `url` in torch's hub cache, downloaded once; its hash begins as the name after `-` says.

    Raises
    ------
    InputError
        No answer within `timeout_s` seconds, a broken download, or a file of another hash.
    """
    name = Path(urlparse(url).path).name
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    prefix = torch.hub.HASH_REGEX.search(name)
    if prefix is None:
        raise InputError("the name of a file to download must hold its hash, as name-1a2b3c4d.pth", url)
    if path.exists():
        if not sha256_of(path).startswith(prefix.group(1)):
            raise InputError("this downloaded file is damaged: its hash is another", path, "remove it and run again")
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    logger.info(f"downloading {url}")
    try:
        with _socket_timeout(timeout_s):
            torch.hub.download_url_to_file(url, str(path), prefix.group(1), progress=sys.stderr.isatty())
    except (OSError, HTTPException, RuntimeError) as error:
        fix = f"try again with a network, put the file at {path} by hand, or {_OTHERS}"
        raise InputError(f"the weights cannot be downloaded: {error or type(error).__name__}", url, fix) from error
    return path


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    # torch's download has no timeout of its own and would wait for ever on a server that falls silent
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
