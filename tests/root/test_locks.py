from __future__ import annotations

import errno
import fcntl
import os
import threading

import pytest

from aurora_gradcam import locks


@pytest.fixture
def opened(tmp_path):
    """Two descriptors of one lock file, as two processes have them."""
    path = tmp_path / "folder" / ".lock"
    first, second = locks.open_lock_file(path), locks.open_lock_file(path)
    yield path, first, second
    for descriptor in (first, second):
        os.close(descriptor)


def test_one_at_a_time_until_the_file_is_closed(opened):
    path, first, second = opened
    assert locks.lock(first, path)
    with pytest.raises(locks.Held):
        locks.lock(second, path)
    timer = threading.Timer(0.2, fcntl.flock, (first, fcntl.LOCK_UN))
    timer.start()
    assert locks.lock(second, path, wait_s=30)
    timer.join()


def test_the_descriptor_is_open_for_writing_as_nfs_asks(opened):
    assert fcntl.fcntl(opened[1], fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY


@pytest.mark.parametrize("number", sorted(locks.NO_LOCKS))
def test_a_file_system_without_locks_is_a_warning_that_names_the_folder(opened, monkeypatch, caplog, number):
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    path, first, _ = opened
    assert locks.lock(first, path) is False
    assert str(path.parent) in caplog.text and "only one `aurora`" in caplog.text


def test_any_other_failure_names_the_file(opened, monkeypatch):
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", refuse)
    path, first, _ = opened
    with pytest.raises(OSError) as caught:
        locks.lock(first, path)
    assert (caught.value.errno, caught.value.filename) == (errno.EIO, str(path))
