"""Map a function over nights on the workers of a Dask cluster (`AURORA_SCHEDULER`) that share the project's folder.

Workers read and write the project's files themselves, so that only names and small tables travel.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .errors import ConfigError, InputError, ToolError

if TYPE_CHECKING:
    from distributed import Client

Item = TypeVar("Item")
Result = TypeVar("Result")

SCHEDULER = "AURORA_SCHEDULER"
CONNECT_S = 20.0
_CODE = Path(__file__).parent


def scheduler() -> str:
    """The address of the cluster's scheduler, such as `tcp://10.0.0.1:8786`; empty for none."""
    return os.environ.get(SCHEDULER, "").strip()


def mapped(address: str, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """`map(function, items)`, in that order, on the workers of a cluster; the first error is raised as it was there.

    Dask gives the work of a worker that is lost to another one.

    Raises
    ------
    ToolError
        No scheduler answers, it is lost on the way, or worker after worker is lost over one item.
    ConfigError
        Dask is not installed.
    InputError
        The cluster lacks this project's code, or a worker does not see the project's folder or runs other code.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise ConfigError("Dask is not installed", SCHEDULER, "run `pip install distributed`, or unset it") from error
    try:
        client = Client(address, timeout=CONNECT_S)
    except (OSError, ValueError) as error:  # a timeout is an OSError
        fix = f"start `dask scheduler`, or unset {SCHEDULER}"
        raise ToolError("no Dask scheduler answers", address, fix) from error
    with client:
        _require_workers(client, address)
        try:
            # each call is work of its own: Dask must not take an earlier result for it
            futures = client.map(partial(_in_project, Path.cwd(), _CODE, function), items, pure=False)
            for future in futures:
                yield future.result()
        except CancelledError as error:
            what = "the Dask scheduler was lost"
            raise ToolError(what, address, "start it and its workers again, then repeat the command") from error
        except (ImportError, RuntimeError) as error:
            if "deserializ" not in str(error) and not isinstance(error, ImportError):
                raise
            fix = f"start both with PYTHONPATH={_CODE.parent}, and with the packages of requirements.txt"
            reason = " ".join(str(error.__cause__ or error).split())
            raise InputError(f"the cluster cannot load this project's code: {reason}", address, fix) from error
        except KilledWorker as error:
            what = f"workers died over the same work: {error}"
            raise ToolError(what, address, "look at the workers' logs; their memory may be too small") from error


def _require_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except OSError as error:
        fix = f"start `dask worker {address} --nthreads 1` in the project's folder"
        raise ToolError("the Dask scheduler has no workers", address, fix) from error


def _in_project(root: Path, code: Path, function: Callable[[Item], Result], item: Item) -> Result:
    """What a worker does: the function's paths begin at the project's root, and its code must be the caller's."""
    try:
        os.chdir(root)
    except OSError as error:
        fix = "mount it there under the same path: workers read and write the project's files"
        raise InputError("a Dask worker does not see the project's folder", root, fix) from error
    if code != _CODE:
        fix = f"start the workers with PYTHONPATH={code.parent}"
        raise InputError(f"a Dask worker runs the code of {_CODE}", code, fix)
    return function(item)
