"""`aurora pretrain`: the sky weights anew."""

from __future__ import annotations

from typing import Annotated

import typer

from ..config import PARAMS_FILE
from .options import Assignments, ParamsFile, params_of


def pretrain(
    rounds: Annotated[int | None, typer.Option(min=1, help="Train at most so many rounds in this call.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Discard the checkpoint and begin anew.")] = False,
    export: Annotated[bool, typer.Option("--export", help="Write the checkpoint's weights, without training.")] = False,
    params: ParamsFile = PARAMS_FILE,
    assignments: Assignments = None,
) -> None:
    """Pretrain the network on random simulated skies: data/weights/sky.safetensors.

    `pretrain.weights` is what it begins from: none for random weights, or a file of an earlier cycle.

    Beside aurora or none it learns cloud, form and strength; sky.json has the scores of each. A head of weight 0 learns
    nothing: two runs, with and without, measure what the heads cost the aurora.

    Each round leaves data/weights/checkpoint.pt, and the next call goes on from there. After the last round, or with
    --export, the weights and their card sky.json are written; `train.weights: sky` starts from them. AURORA_DEVICE and
    AURORA_WORKERS set where the network trains and how many processes draw skies.

    For example:

    aurora pretrain --rounds 1

    AURORA_DEVICE=cuda aurora pretrain --restart

    aurora pretrain --restart --set 'pretrain.head_weights={cloud: 0, form: 0, strength: 0}'
    """
    from ..pretraining import pretrain as pretraining

    pretraining.run(params_of(params, assignments), rounds=rounds, restart=restart, export=export)
