"""The real `aurora label`, in a process of its own, for tests that talk to it over HTTP or with a browser."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aurora_gradcam.preprocessing.sample_label import SAMPLE_COLUMNS
from aurora_gradcam.tables.labels import LABELLED_TABLE, TO_LABEL
from aurora_gradcam.tables.sky import SKY_TABLE

COMMAND = (sys.executable, "-c", "from aurora_gradcam.cli import main; main()", "label")
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\?token=\S+")


def ask_for(frame_ids: list[str] | None = None) -> list[str]:
    """Below the current folder (a tiny project): these labelled frames lose their label and are asked for, or all.

    Returns the frame_ids that data/tables/to_label.csv now lists.
    """
    labelled = LABELLED_TABLE.read()
    asked = labelled["frame_id"].isin(frame_ids) if frame_ids is not None else labelled["frame_id"].notna()
    sets = labelled[asked].groupby("frame_id")["set"].agg(lambda sets: "+".join(sorted(sets, reverse=True)))
    sky = SKY_TABLE.read()
    rows = sky[sky["frame_id"].isin(sets.index)].merge(sets, on="frame_id")
    rows = rows.assign(night=rows["frame_id"].str[:8])[[*SAMPLE_COLUMNS, "set"]]
    rows.to_csv(TO_LABEL, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
    if not asked.all():
        LABELLED_TABLE.write(labelled[~asked])
    return list(rows["frame_id"])


def start(folder: Path, annotator: str = "ann", *arguments: str) -> tuple[subprocess.Popen, str]:
    """Start the command line in `folder`; the process and the address that it printed, with its token."""
    command = [*COMMAND, "--annotator", annotator, *arguments]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    said = []
    for line in process.stdout:
        said.append(line)
        if address := ADDRESS.search(line):
            return process, address.group()
    raise AssertionError(f"`aurora label` printed no address: {''.join(said)}{process.stderr.read()}")


@contextmanager
def serving(folder: Path, annotator: str = "ann", *arguments: str) -> Iterator[str]:
    """`aurora label` in `folder`; gives the address with its token, and stops the server as Ctrl-C does."""
    process, address = start(folder, annotator, *arguments)
    try:
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
