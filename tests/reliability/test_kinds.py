"""Every kind of input gives its right result, or one clear error that says what, where and how to mend it."""

from __future__ import annotations

import pytest

from aurora_gradcam.errors import AuroraError
from kinds import Kind, Refused, of_clocks, of_labels, of_params, of_pictures, of_videos

TABLES = {
    "video": of_videos.KINDS,
    "clock": of_clocks.KINDS,
    "labels": of_labels.KINDS,
    "params": of_params.KINDS,
    "picture": of_pictures.KINDS,
}
KINDS = [pytest.param(kind, id=f"{table}: {kind.name}") for table, kinds in TABLES.items() for kind in kinds]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AURORA_WORKERS", "1")
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_kind(kind: Kind, empty_folder, count):
    count("kind")
    if not isinstance(kind.expected, Refused):
        assert kind.act(empty_folder) == kind.expected
        return
    with pytest.raises(AuroraError, match=kind.expected.text) as refused:
        kind.act(empty_folder)
    assert refused.value.what and refused.value.where and refused.value.fix, "what, where and the fix"
    assert "\n" not in str(refused.value).replace("a\nHD", "")


def test_there_are_at_least_sixty_kinds():
    assert len({parameter.id for parameter in KINDS}) == len(KINDS) >= 60
