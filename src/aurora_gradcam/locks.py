"""One process at a time: advisory locks, also on network file systems, that end with the process however it ends."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import time
from pathlib import Path

logger = logging.getLogger(__name__)

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
"""What file systems answer that have no locks, such as NFS without its lock service."""
RETRY_S = 0.05


class Held(Exception):
    """Another process holds the lock."""


def lock(descriptor: int, path: Path, wait_s: float | None = 0.0) -> bool:
    """Take the exclusive lock of an open file; the kernel returns it when the file is closed.

    Returns whether it is held: a file system without locks is a warning and no failure, since one person at one
    computer needs none.

    Parameters
    ----------
    descriptor
        Open for writing: on NFS, an exclusive lock asks for that.
    path
        The file, for messages.
    wait_s
        Seconds to wait for another process; None: as long as it takes.

    Raises
    ------
    Held
        Another process holds it, also after the wait.
    OSError
        Any other failure, with the path.
    """
    ends = time.monotonic() + (wait_s or 0.0)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait_s is None else fcntl.LOCK_NB))
            return True
        except BlockingIOError as error:
            if time.monotonic() >= ends:
                raise Held(str(path)) from error
            time.sleep(RETRY_S)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise OSError(error.errno, error.strerror, str(path)) from error
            logger.warning(f"{path.parent} has no file locks ({error.strerror}): let only one `aurora` run here")
            return False


def open_lock_file(path: Path) -> int:
    """A descriptor of a lock file, which is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)  # the umask decides who shares it
