"""Stage leakage: what a split that leaks adds to the scores, the study's split by frames beside whole nights.

The stage is frozen, since it trains once more: `make leakage` runs it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from ..config import Params
from ..preprocessing import split
from ..results import LEAKAGE, rounded, write_json
from ..stage import stage_main
from ..tables.predictions import PREDICTIONS_TABLE
from ..tables.split import SPLIT_TABLE
from ..training import train
from . import evaluate
from .leakage_gap import compared, labels_digest, reported

logger = logging.getLogger(__name__)

SHARED = (
    "data/frames",
    "data/weights",
    "data/tables/frames",
    "data/tables/labelled.parquet",
    "data/tables/sky.parquet",
)
"""What the second run reads of the first; all that it writes stays apart."""


@contextmanager
def separate_results() -> Iterator[None]:
    """Work in a temporary folder that sees this one's data and keeps its own results."""
    project = Path.cwd()
    with TemporaryDirectory(prefix="aurora-leakage-") as folder:
        for place in SHARED:
            link = Path(folder, place)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(project / place)
        with chdir(folder):
            yield


def split_by_frames(params: Params) -> pd.DataFrame:
    """Split, train and evaluate again as the study did; the validation frames, which stand for its score."""
    settings = params.split.model_copy(update={"policy": "frame"})
    leaking = params.model_copy(update={"split": settings})
    with separate_results():
        for stage in (split, train, evaluate):
            stage.run(leaking)
        return reported(SPLIT_TABLE.read(), PREDICTIONS_TABLE.read(), "val")


def run(params: Params) -> None:
    """Compare the run that is here (whole nights) with a second one (by frames) on the same labels; write `LEAKAGE`."""
    by_night = reported(SPLIT_TABLE.read(), PREDICTIONS_TABLE.read(), "test")
    by_frame = split_by_frames(params)
    result = {
        "labelled_md5": labels_digest(),
        "night": {"set": "test", "frames": len(by_night), "nights": by_night["night"].nunique()},
        "frame": {"set": "val", "frames": len(by_frame), "nights": by_frame["night"].nunique()},
        "scores": compared(by_night, by_frame),
    }
    write_json(LEAKAGE, rounded(result))


main = stage_main(run, keep_warnings=False)


if __name__ == "__main__":
    main()
