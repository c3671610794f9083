from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from aurora_gradcam.corpus import archive
from aurora_gradcam.corpus.frame_ids import in_order
from aurora_gradcam.corpus.images import read_frame
from aurora_gradcam.errors import DataError, InputError
from aurora_gradcam.files import atomic_write

members = st.dictionaries(st.from_regex(r"[a-z0-9-]{1,12}\.jpg", fullmatch=True), st.binary(max_size=200), max_size=8)


@given(members)
def test_order_of_members_changes_no_byte(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("zips")
    archive.write(folder / "a.zip", list(content.items()))
    archive.write(folder / "b.zip", list(content.items())[::-1])
    assert (folder / "a.zip").read_bytes() == (folder / "b.zip").read_bytes()
    assert dict(archive.read_all(folder / "a.zip")) == content
    assert archive.names(folder / "a.zip") == in_order(content)


def test_two_members_of_one_name(tmp_path):
    with pytest.raises(DataError, match="same name"):
        archive.write(tmp_path / "a.zip", [("a", b""), ("a", b"")])


def test_a_failed_write_leaves_nothing(tmp_path):
    def broken():
        yield "a", b"1"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        archive.write(tmp_path / "a.zip", broken())
    with pytest.raises(RuntimeError), atomic_write(tmp_path / "a.zip") as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_errors_are_clear(tmp_path):
    with pytest.raises(InputError, match="dvc pull"):
        archive.read_member(tmp_path / "a.zip", "a")
    (tmp_path / "a.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match="damaged"):
        archive.names(tmp_path / "a.zip")
    archive.write(tmp_path / "b.zip", [("a", b"1")])
    with pytest.raises(DataError, match="no member b"):
        archive.read_member(tmp_path / "b.zip", "b")


def test_frames_are_read_by_their_id(tiny_project):
    frame = read_frame(tiny_project.frame_id[0])
    assert frame.shape == (tiny.SIZE, tiny.SIZE, 3)
    assert frame.dtype == np.uint8
    assert frame[0, 0].max() < 10  # masked corner
