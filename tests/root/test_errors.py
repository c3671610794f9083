"""Errors of the system become one line that says what, where and what to do."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aurora_gradcam.errors import exit_clearly, of_system
from aurora_gradcam.files import atomic_write


@pytest.mark.parametrize(
    ("number", "what", "fix"),
    [
        (errno.ENOSPC, "cannot write: no space left on device", "free space there"),
        (errno.EROFS, "cannot write: read-only file system", "mounted for writing"),
        (errno.EACCES, "permission denied", "owner and permissions"),
        (errno.EIO, "input/output error", "check permissions and free space"),
    ],
)
def test_full_disks_permissions_and_read_only_disks_are_told_apart(number, what, fix, capsys):
    @exit_clearly
    def main() -> None:
        raise OSError(number, os.strerror(number), "data/tables/sky.parquet")

    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"InputError: {what} [data/tables/sky.parquet]. Fix: ") and fix in line


def test_an_error_without_a_number_or_path_is_told_too():
    assert str(of_system(OSError("nothing more is known"))).startswith("nothing more is known. Fix: ")


def test_a_disk_that_fills_while_a_file_is_written_names_the_file_and_leaves_none(tmp_path):
    path = tmp_path / "new" / "table.csv"
    with pytest.raises(OSError) as caught, atomic_write(path) as temporary:
        temporary.write_text("half")
        with open("/dev/full", "w") as full:  # takes nothing, and its error names no file
            full.write("x")
            full.flush()
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    assert list(path.parent.iterdir()) == []


def test_a_reader_that_stops_early_is_no_error():
    code = "import aurora_gradcam.errors as e; e.exit_clearly(lambda: print('line\\n' * 100_000))()"
    command = f'"{sys.executable}" -c "{code}" | head -1'
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    answer = subprocess.run(command, shell=True, capture_output=True, text=True, env=environment, timeout=120)
    assert answer.stdout == "line\n" and answer.stderr == ""
