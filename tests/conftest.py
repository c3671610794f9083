from __future__ import annotations

import pandas as pd
import pytest

import tiny


@pytest.fixture
def tiny_project(tmp_path, monkeypatch) -> pd.DataFrame:
    """The current folder is a miniature project; see tiny.build."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AURORA_WORKERS", "1")
    return tiny.build()
