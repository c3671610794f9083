from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import browser as system_browser
import miniature
import tiny
from aurora_gradcam import logs

pytest_plugins = ("counts",)


class WholeFiles(LoadScopeScheduling):
    """Where tests run on several cores, those of a file stay together, and so do all files that need `finished`."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "finished" if file in _files_that_need_finished() else file


@cache
def _files_that_need_finished() -> set[str]:
    root = Path(__file__).parents[1]
    paths = (root / "tests").rglob("test_*.py")
    return {path.relative_to(root).as_posix() for path in paths if re.search(r"\bfinished\b", path.read_text())}


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> WholeFiles:
    """How pytest-xdist spreads the tests, whatever its `--dist`."""
    return WholeFiles(config, log)


@pytest.fixture(autouse=True, scope="session")
def messages_on_standard_error() -> None:
    """As every entry point sets it up, so that no test depends on which ran before it."""
    logs.set_up()


@pytest.fixture(scope="session")
def tiny_built(tmp_path_factory) -> tuple[Path, pd.DataFrame]:
    """The folder of a miniature project, which each test copies, and what tiny.build returned."""
    folder = tmp_path_factory.mktemp("tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return folder, tiny.build()


@pytest.fixture
def tiny_project(tmp_path, monkeypatch, tiny_built) -> pd.DataFrame:
    """The current folder is a miniature project; see tiny.build."""
    folder, split = tiny_built
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AURORA_WORKERS", "1")
    return split.copy()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    with system_browser.started() as started:
        yield started


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> miniature.Finished:
    """The real dvc.yaml, run once on a miniature sky; see miniature.build."""
    return miniature.finish(tmp_path_factory.mktemp("miniature") / "project")
