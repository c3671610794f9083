"""Pretraining on simulated skies, from random weights or those of an earlier cycle, in rounds that can be resumed.

Each round draws new frames, tells how the mean weights do on them before they are learnt from, trains, and leaves a
checkpoint: a call that is cut off loses at most a round.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from .. import config, memory
from ..config import Params
from ..errors import ConfigError, InputError, exit_clearly
from ..files import atomic_write
from ..simulation import skies
from ..training import weights
from ..training.loop import seed_everything
from ..training.network import fix_threads
from . import sky_weights
from .learner import Learner
from .sky_frames import Draw, Frames, Studio, studio

CHECKPOINT = weights.SKY.with_name("checkpoint.pt")
SETTLING, SCORED = 256, 512
"""Fresh frames of a round that BatchNorm's statistics are measured on, and that the running score is taken on."""
AFTERWARDS = ("statistics_frames", "held_out_frames")
"""Parameters that do not act before the export and may change until then."""


def run(
    params: Params, draw: Draw = skies.batch, rounds: int | None = None, restart: bool = False, export: bool = False
) -> None:
    """Train the rounds that are left, or `rounds` of them; after the last one write `data/weights/sky.*`.

    Parameters
    ----------
    draw : draws frames; see `sky_frames.Draw`.
    restart : discard the checkpoint and begin anew.
    export : train nothing; write the weights of the checkpoint as it stands.

    Raises
    ------
    ConfigError : the checkpoint was made with other parameters.
    InputError : the checkpoint is damaged, there is none to export, or `pretrain.weights` is no usable file.
    DataError : the loss is not finite, or `draw` does not give what it should.
    """
    if restart:
        CHECKPOINT.unlink(missing_ok=True)
    if export and not CHECKPOINT.exists():
        raise InputError("there is no checkpoint to export", CHECKPOINT, "run `aurora pretrain` first")
    memory.keep()
    fix_threads()
    seed_everything(params.seed)
    learner = Learner(params)
    history: dict[str, Any] = {"rounds": [], "seconds": 0.0, "devices": []}
    if CHECKPOINT.exists():
        history = _load(learner, params)
    else:
        history["start"] = learner.begin_from(params.pretrain.weights)
    device = sky_weights.device_name(learner.device)
    done, total = len(history["rounds"]), params.pretrain.rounds
    last = done if export else total if rounds is None else min(done + rounds, total)
    with studio(draw, params.seed, params.pretrain.image_size) as frames:
        if done < last:
            history["devices"] = [*(name for name in history["devices"] if name != device), device]
            _train(learner, params, frames, history, last)
        if export or last == total:
            card = sky_weights.write(
                learner.averaged(), learner.averaged_heads(), params, frames, _told(history, params)
            )
            print(f"{weights.SKY}: {json.dumps(card['held_out'])}", flush=True)


def _train(learner: Learner, params: Params, frames: Studio, history: dict[str, Any], last: int) -> None:
    own = params.pretrain

    def begin(number: int) -> Callable[[], Frames]:
        first = own.frames_before + number * own.frames_per_round
        return frames.begin(first, own.frames_per_round, own.size_of(number))

    coming = None
    for number in range(len(history["rounds"]), last):
        began = time.monotonic()
        fresh = (coming or begin(number))()
        drawn = time.monotonic()
        coming = begin(number + 1) if frames.pool is not None and number + 1 < last else None
        accuracy = _running_score(learner, fresh)
        scored = time.monotonic()
        loss = learner.train_round(number, fresh)
        ended = time.monotonic()
        history["rounds"].append(
            {"round": number + 1, "size": own.size_of(number), "loss": loss, "simulated_accuracy_before": accuracy}
        )
        history["seconds"] += ended - began
        _save(learner, params, history)
        per_pixel = (ended - drawn) / own.size_of(number) ** 2
        left = sum(drawn - began + per_pixel * own.size_of(later) ** 2 for later in range(number + 1, own.rounds))
        print(
            f"round {number + 1}/{own.rounds} {own.size_of(number)} px: loss {loss:.3f}, accuracy on new frames "
            f"{'none' if accuracy is None else f'{accuracy:.3f}'} (simulated), "
            f"waited {drawn - began:.0f} s for its frames, "
            f"trained {len(fresh) * own.passes / max(ended - scored, 1e-9):.1f}/s, {left / 60:.0f} min left",
            flush=True,
        )


def _running_score(learner: Learner, fresh: Frames) -> float | None:
    """Accuracy of the mean weights on frames not yet learnt from, other than those that settle BatchNorm."""
    settling = min(SETTLING, len(fresh) // 2)
    network, batch_size = learner.averaged(), learner.params.batch_size
    sky_weights.settle(network, fresh.part(slice(settling)), batch_size, learner.seed, None)
    scored = fresh.part(slice(settling, settling + SCORED))
    p_yes, _ = sky_weights.outputs_of(network, scored, batch_size)
    return sky_weights.scores(p_yes, scored)["simulated_accuracy"]


def _told(history: dict[str, Any], params: Params) -> dict[str, Any]:
    """What the card tells of the training."""
    drawn = len(history["rounds"]) * params.pretrain.frames_per_round
    return {"frames_drawn": drawn, "frames_shown": drawn * params.pretrain.passes, **history}


def _parameters(params: Params) -> dict[str, Any]:
    own = params.pretrain.model_dump(mode="json")
    return {"seed": params.seed, **{key: value for key, value in own.items() if key not in AFTERWARDS}}


def _save(learner: Learner, params: Params, history: dict[str, Any]) -> None:
    with atomic_write(CHECKPOINT) as temporary:
        torch.save({"parameters": _parameters(params), "history": history, **learner.state()}, temporary)


def _load(learner: Learner, params: Params, path: Path = CHECKPOINT) -> dict[str, Any]:
    """Have the learner go on from the checkpoint; returns its history."""
    fix = "continue with the same parameters, or discard the checkpoint by --restart"
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        before, history = kept["parameters"], kept["history"]
    except Exception as error:  # torch's unpickler fails on strange bytes in whichever way they lead it to
        raise InputError(f"the checkpoint is not readable: {type(error).__name__}", path, fix) from error
    now = _parameters(params)
    other = [key for key in sorted({*now, *before}) if now.get(key) != before.get(key)]
    if other:
        changes = "; ".join(f"{key} was {before.get(key)} and is {now.get(key)}" for key in other)
        raise ConfigError(f"the checkpoint was made with other parameters: {changes}", path, fix)
    learner.load(kept)
    return history


@exit_clearly
def main() -> None:
    """Entry point of the stage."""
    run(config.load())


if __name__ == "__main__":
    main()
