"""Places removed from a frame are filled from their surroundings: noisy linear imputation (Rong et al. 2022).

The values are those of the grad-cam library's `NoisyLinearImputer`; it sets up and solves the same equations three
times as slowly, since it neither keeps what depends on the frame's size alone nor uses that they are symmetric.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu

BESIDE, DIAGONAL = 1 / 6, 1 / 12
"""Weights of a pixel's neighbours."""
NOISE = 0.01
"""Standard deviation of what is added, so that no filled place is conspicuously smooth."""


def filled(frame: torch.Tensor, stays: torch.Tensor) -> torch.Tensor:
    """Fill places such that each pixel is the weighted mean of its neighbours, then add noise (torch's generator).

    Parameters
    ----------
    frame
        float32 (channels, height, width).
    stays
        (height, width): 1 where a pixel stays, 0 where it is removed.

    Returns
    -------
    float32 (channels, height, width).
    """
    is_kept = stays.numpy().ravel() > 0.5
    kept, removed = np.flatnonzero(is_kept), np.flatnonzero(~is_kept)
    equations = _differences(*stays.shape)[removed]
    known = equations[:, kept] @ frame.reshape(len(frame), -1)[:, kept].numpy().T.astype(np.float64)
    symmetric = {"SymmetricMode": True}
    solver = splu(equations[:, removed].tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=symmetric)
    values = torch.tensor(solver.solve(-known).T, dtype=torch.float32)
    result = frame.reshape(len(frame), -1).clone()
    result[:, removed] = values + NOISE * torch.randn_like(values)
    return result.reshape_as(frame)


@cache
def _differences(height: int, width: int) -> sparse.csr_array:
    """Each pixel's difference from the mean of its neighbours times their weight: symmetric, (pixels, pixels)."""
    down, across = (sparse.diags_array([1.0, 1.0], offsets=[-1, 1], shape=(side, side)) for side in (height, width))
    beside = sparse.kron(down, sparse.eye_array(width)) + sparse.kron(sparse.eye_array(height), across)
    weights = BESIDE * beside + DIAGONAL * sparse.kron(down, across)
    return sparse.csr_array(sparse.diags_array(weights.sum(1)) - weights)
