from __future__ import annotations

import hashlib
import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from aurora_gradcam.errors import ConfigError, InputError
from aurora_gradcam.training import weights
from aurora_gradcam.training.vision import models


def tiny_network(outputs=2):
    torch.manual_seed(outputs)
    layers = {"features": nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))}
    return nn.ModuleDict({**layers, "classifier": nn.Sequential(nn.Dropout(0.2), nn.Linear(4, outputs))})


def copied(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    monkeypatch.delenv("http_proxy", raising=False)
    return tmp_path / "hub" / "checkpoints"


@pytest.fixture
def server():
    """A web server of the files in `server.files`; counts requests; `None` as a file's content stalls half-way."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.requests.append(self.path)
            if self.path not in server.files:
                self.send_error(404)
                return
            content = server.files[self.path]
            self.send_response(200)
            self.send_header("Content-Length", "1000" if content is None else str(len(content)))
            self.end_headers()
            self.wfile.write(b"half" if content is None else content)
            self.wfile.flush()
            if content is None:
                server.ended.wait(20)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.requests, server.ended = {}, [], threading.Event()
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.ended.set()
    server.shutdown()
    server.server_close()
    thread.join()


def serve(server, content=b"some tensors", digest=None):
    path = f"/models/tiny_net-{(digest or hashlib.sha256(content).hexdigest())[:8]}.pth"
    server.files[path] = content
    return server.address + path


def test_a_download_of_the_right_hash_is_kept_and_not_repeated(server, hub):
    url = serve(server)
    path = weights.fetch(url)
    assert path.parent == hub
    assert path.read_bytes() == b"some tensors"
    assert weights.fetch(url) == path
    assert len(server.requests) == 1


def test_a_download_of_another_hash_is_refused_and_leaves_nothing(server, hub):
    url = serve(server, digest="0123456789abcdef")
    with pytest.raises(InputError, match=r"invalid hash value.*Fix: .*sky, none or the path"):
        weights.fetch(url)
    assert list(hub.iterdir()) == []


def test_a_file_that_the_server_has_not(server, hub):
    with pytest.raises(InputError, match="404"):
        weights.fetch(f"{server.address}/models/net-12345678.pth")


def test_a_server_that_falls_silent_is_given_up(server, hub):
    url = f"{server.address}/net-12345678.pth"
    server.files["/net-12345678.pth"] = None
    began = time.monotonic()
    with pytest.raises(InputError, match=r"cannot be downloaded: timed out"):
        weights.fetch(url, timeout_s=0.3)
    assert time.monotonic() - began < 10
    assert list(hub.iterdir()) == []


def test_no_network_names_the_file_to_put_there_by_hand(server, hub):
    server.server_close()
    with pytest.raises(InputError, match=rf"cannot be downloaded.*put the file at {hub}/net-12345678.pth by hand"):
        weights.fetch(f"{server.address}/net-12345678.pth")


def test_a_damaged_file_in_the_cache(server, hub):
    url = serve(server)
    path = weights.fetch(url)
    path.write_bytes(b"damaged")
    with pytest.raises(InputError, match="remove it and run again"):
        weights.fetch(url)


def test_a_name_without_a_hash_is_not_downloaded(server, hub):
    with pytest.raises(InputError, match="must hold its hash"):
        weights.fetch(f"{server.address}/net.pth")
    assert server.requests == []


def test_imagenet_is_torchvision_s_first_version_without_its_head(server, hub, monkeypatch):
    published = models.get_model_weights("efficientnet_b1")["IMAGENET1K_V1"].url
    assert published == "https://download.pytorch.org/models/efficientnet_b1_rwightman-bac287d4.pth"
    buffer = io.BytesIO()
    given = copied(tiny_network(outputs=1000))
    torch.save(given, buffer)
    asked = []
    local = serve(server, buffer.getvalue())
    fetch = weights.fetch
    monkeypatch.setattr(weights, "fetch", lambda url: asked.append(url) or fetch(local))
    network = tiny_network()
    head = network["classifier"][1].weight.clone()
    origin = weights.start(network, "efficientnet_b1", "imagenet")
    assert asked == [published]
    assert origin == {"name": "imagenet", "sha256": hashlib.sha256(buffer.getvalue()).hexdigest()}
    assert torch.equal(network["features"][0].weight, given["features.0.weight"])
    assert torch.equal(network["classifier"][1].weight, head)


def test_none_keeps_the_random_weights():
    network = tiny_network()
    before = copied(network)
    assert weights.start(network, "efficientnet_b1", "none") == {"name": "none", "sha256": None}
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_sky_weights_that_are_not_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"sky weights are not here \[data/weights/sky\.safetensors\]"):
        weights.start(tiny_network(), "efficientnet_b1", "sky")


def test_sky_weights_that_are_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    weights.SKY.parent.mkdir(parents=True)
    given = copied(tiny_network(1000))
    save_file(given, weights.SKY)
    network = tiny_network()
    origin = weights.start(network, "efficientnet_b1", "sky")
    assert origin == {"name": "sky", "sha256": hashlib.sha256(weights.SKY.read_bytes()).hexdigest()}
    assert torch.equal(network["features"][0].weight, given["features.0.weight"])


@pytest.mark.parametrize("name", ["own.pth", "own.pt", "own.safetensors"])
def test_a_path_with_a_head_of_two_outputs_is_taken_whole(tmp_path, name):
    given = copied(tiny_network())
    given["classifier.1.bias"] += 1
    path = tmp_path / name
    save_file(given, path) if path.suffix == ".safetensors" else torch.save(given, path)
    network = tiny_network()
    assert weights.start(network, "efficientnet_b1", str(path))["name"] == str(path)
    assert all(torch.equal(tensor, given[key]) for key, tensor in network.state_dict().items())


def test_a_choice_that_is_no_choice():
    with pytest.raises(ConfigError, match="'imagenett' is neither imagenet, sky, none nor the path"):
        weights.start(tiny_network(), "efficientnet_b1", "imagenett")


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"no such weights file.*own\.pth"):
        weights.start(tiny_network(), "efficientnet_b1", str(tmp_path / "own.pth"))


class Planted:
    """Unpickling it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.counts("hostile")
def test_code_in_a_pickle_is_never_run(tmp_path):
    torch.save({"features.0.weight": Planted(tmp_path / "planted")}, tmp_path / "own.pth")
    with pytest.raises(InputError, match="not readable as a file of tensors"):
        weights.read(tmp_path / "own.pth")
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize("name", ["own.pth", "own.safetensors"])
@pytest.mark.parametrize("content", [b"", b"GIF89a not tensors at all"])
@pytest.mark.counts("hostile")
def test_a_file_of_something_else(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match="not readable as a file of tensors"):
        weights.read(tmp_path / name)


def test_a_checkpoint_around_the_state_dict(tmp_path):
    torch.save({"epoch": 3, "state_dict": copied(tiny_network())}, tmp_path / "own.pth")
    with pytest.raises(InputError, match=r"save network\.state_dict\(\) alone"):
        weights.read(tmp_path / "own.pth")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda given: given.pop("features.0.bias"), r"features\.0\.bias is missing"),
        (lambda given: given.pop("classifier.1.bias"), r"classifier\.1\.bias is missing"),
        (lambda given: given.update({"features.7.weight": torch.ones(1)}), r"features\.7\.weight is unknown"),
        (
            lambda given: given.update({"features.0.weight": torch.ones(8, 3, 3, 3)}),
            r"features\.0\.weight is \(8, 3, 3, 3\) instead of \(4, 3, 3, 3\)",
        ),
    ],
)
def test_any_other_mismatch_names_the_tensor_and_changes_nothing(change, message):
    given = copied(tiny_network(outputs=1000))
    change(given)
    network = tiny_network()
    before = copied(network)
    with pytest.raises(InputError, match=message):
        weights.fill(network, given, "own.pth")
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
