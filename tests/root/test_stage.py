"""Whose code runs: a checkout's own, whichever package is installed, and never another's without a word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aurora_gradcam import stage
from aurora_gradcam.errors import ConfigError

ROOT = Path(__file__).parents[2]


def checkout(folder: Path) -> Path:
    """A folder with a package of this name, whose one module says where it lies."""
    package = folder / "src" / "aurora_gradcam"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "probe.py").write_text('print("MARK", __file__)\n')
    return folder


def run_prefix() -> str:
    """How dvc.yaml starts every stage."""
    variables = yaml.safe_load((ROOT / "dvc.yaml").read_text())["vars"]
    return next(entry["run"] for entry in variables if "run" in entry)


def test_every_stage_starts_its_own_checkouts_code(tmp_path):
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert {name for name, each in stages.items() if not each["cmd"].startswith("${run}.")} == set()
    folder = checkout(tmp_path)
    command = f"{run_prefix().replace('python', sys.executable)}.probe"
    answer = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=True)
    assert answer.stdout == f"MARK {folder / 'src/aurora_gradcam/probe.py'}\n"


def test_a_temporary_experiment_runs_its_copys_code(tmp_path):
    def run(*command: str) -> str:
        environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr

    checkout(tmp_path)
    probe = {"cmd": "${run}.probe", "deps": ["src/aurora_gradcam/probe.py"]}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"vars": [{"run": run_prefix()}], "stages": {"probe": probe}}))
    run("git", "init", "--quiet")
    run("git", "config", "user.email", "a@b")
    run("git", "config", "user.name", "a")
    run("dvc", "init", "--quiet")
    run("git", "add", ".")
    run("git", "commit", "--quiet", "-m", "all")
    (tmp_path / "src/aurora_gradcam/probe.py").write_text('print("EDITED", __file__)\n')
    output = run("dvc", "exp", "run", "--temp")
    (line,) = [line for line in output.splitlines() if line.startswith(("MARK", "EDITED"))]
    assert line.startswith("EDITED") and ".dvc/tmp/exps" in line


def test_a_stage_refuses_to_run_for_a_folder_with_other_code(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(checkout(tmp_path))
    monkeypatch.setattr(sys, "argv", ["extract"])
    started = []
    with pytest.raises(SystemExit) as ended:
        stage.stage_main(lambda params: started.append(params))()
    assert ended.value.code == 2 and not started
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ConfigError: the code that runs is") and str(tmp_path) in line and "PYTHONPATH=src" in line


def test_folders_without_code_and_links_to_this_code_are_no_other_checkout(tmp_path):
    stage.check_own_code(tmp_path)
    stage.check_own_code(ROOT)
    (tmp_path / "src").symlink_to(stage.PACKAGE.parent)
    stage.check_own_code(tmp_path)
    with pytest.raises(ConfigError):
        stage.check_own_code(checkout(tmp_path / "other"))
