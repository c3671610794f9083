from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from playwright.sync_api import Browser

import browser as system_browser
import miniature
import tiny
from aurora_gradcam import logs

pytest_plugins = ("counts",)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run on several cores: those of a file stay together, and so do all that need `finished`."""
    for item in items:
        group = "finished" if "finished" in getattr(item, "fixturenames", ()) else item.path.as_posix()
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True, scope="session")
def messages_on_standard_error() -> None:
    """As every entry point sets it up, so that no test depends on which ran before it."""
    logs.set_up()


@pytest.fixture
def tiny_project(tmp_path, monkeypatch) -> pd.DataFrame:
    """The current folder is a miniature project; see tiny.build."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AURORA_WORKERS", "1")
    return tiny.build()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    with system_browser.started() as started:
        yield started


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> miniature.Finished:
    """The real dvc.yaml, run once on a miniature sky; see miniature.build."""
    return miniature.finish(tmp_path_factory.mktemp("miniature") / "project")
