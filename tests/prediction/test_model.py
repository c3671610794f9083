from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aurora_gradcam.errors import InputError
from aurora_gradcam.prediction import model
from aurora_gradcam.training import network as networks

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    """The current folder is like a fresh clone: DVC knows all outputs, and none is there."""
    monkeypatch.chdir(tmp_path)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet"], check=True)
    for name in ("dvc.yaml", "dvc.lock", "params.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    _remote(ROOT / "data" / "remote")
    return tmp_path


def _remote(folder: Path) -> None:
    core = "[core]\n    analytics = false\n    no_scm = true\n    remote = bundled\n"
    text = f"{core}['remote \"bundled\"']\n    url = {folder}\n"
    Path(".dvc/config").write_text(text)


def test_a_fresh_clone_gets_the_model_from_the_remote_and_says_so_once(clone, caplog):
    caplog.set_level("INFO")
    model.fetch_missing(networks.MODELS)
    network, card = networks.load_classifier()
    assert card.backbone.startswith("efficientnet") and next(network.parameters()).numel()
    assert caplog.messages == ["data/models holds no model yet: fetching it from the DVC remote"]
    assert sorted(path.name for path in Path("data").iterdir()) == ["models"]  # nothing else is pulled
    model.fetch_missing(networks.MODELS)
    assert len(caplog.messages) == 1


def test_a_remote_without_the_model_is_one_clear_error(clone):
    _remote(clone / "nothing")
    with pytest.raises(InputError, match=r"could not be fetched from the DVC remote: .+data/models.*dvc pull.*--model"):
        model.fetch_missing(networks.MODELS)


def test_another_folder_and_a_folder_outside_a_repository_are_left_to_the_loader(clone, tmp_path, monkeypatch):
    model.fetch_missing(Path("elsewhere"))
    assert not Path("elsewhere").exists()
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "dvc.yaml").unlink()
    monkeypatch.chdir(outside)
    model.fetch_missing(networks.MODELS)
    with pytest.raises(InputError, match="model card is missing"):
        networks.load_classifier()
