"""Starting from ImageNet features in a file that lies beside the repository and is never copied into it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aurora_gradcam.errors import InputError
from aurora_gradcam.training import network, weights

FILE = Path(__file__).parents[3] / "shared/weights/efficientnet_b1_from_imagenet_b0.pth"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"{FILE.name} is not beside this repository")
PUBLISHED = "41dbee5a3dd377e5f398eb358cae3628793c9743cf3a6239ed9d0573dccd0b45"


def test_imagenet_features_are_taken_and_their_head_of_1000_is_not():
    built = network.build("efficientnet_b1", seed=1)
    head = built.classifier[-1].weight.detach().clone()
    origin = weights.start(built, "efficientnet_b1", str(FILE))
    assert origin["sha256"] == PUBLISHED
    given = torch.load(FILE, weights_only=True)
    own = built.state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in given.items() if not name.startswith("classifier."))
    assert torch.equal(own["classifier.1.weight"], head)


def test_they_fit_no_other_network():
    with pytest.raises(InputError, match=r"do not fit the network: features\."):
        weights.start(network.build("efficientnet_b0"), "efficientnet_b0", str(FILE))
