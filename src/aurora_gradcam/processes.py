"""Processes end with the process that started them, however that ends: no stage or decoder works on for nobody."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

from .errors import InputError

DVC_STAGE = "DVC_STAGE"
"""What DVC sets in the environment of a stage."""
_PR_SET_PDEATHSIG = 1  # of <linux/prctl.h>; see prctl(2)
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent(parent: int = 0) -> None:
    """Let the kernel end this process when its parent ends, be it by SIGKILL. Only Linux can.

    Also what `subprocess` can call in a child (`preexec_fn`): the setting outlives exec(2).

    Parameters
    ----------
    parent
        Its process number; where another process has adopted this one already, it ends at once. 0: not known.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if parent and os.getppid() != parent:
            os._exit(1)


def end_with_dvc() -> None:
    """For stages: end with the `dvc` that runs this one. A stage started by hand outlives its shell, as nohup wants."""
    if not os.environ.get(DVC_STAGE):
        return
    end_with_parent()
    if sys.platform == "linux" and os.getppid() == 1 and b"dvc" not in Path("/proc/1/cmdline").read_bytes():
        raise InputError("the dvc that started this stage has ended", DVC_STAGE, "run `dvc repro` again")


def is_running(number: int) -> bool:
    """Whether this machine has a process of this number."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
