"""Simulated nights on disk: video, truth and labels."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet as pq
import torch
from PIL import Image

from .. import labels_file
from ..config import Site
from ..corpus import archive
from ..corpus.frame_ids import make, month_of, night_of
from ..files import atomic_write
from ..tables.frames import SIMULATED_PREFIX
from ..tables.labels import SIMULATOR
from ..tables.table import UTC_TIME
from ..zones import zone_named
from . import encode, overlay, scene, truth
from .camera import FULL
from .ephemeris import ephemeris
from .plan import FRAMES_PER_MINUTE, Plan
from .rendering import rendered

LEFT = (overlay.WIDTH - FULL) // 2
COLUMNS = (
    "frame_id", "frame_no", "utc", "visible", "borderline", "visibility", "sky_fraction", "form", "strength_kr", "red",
    "purple", "strength", "cloud", "cloud_fraction", "snow", "frost", "drops", "sun_altitude", "moon_altitude",
    "moon_illumination", "usable",
)  # fmt: skip


def video_path(root: Path, night: str) -> Path:
    """Where a night's video lies below a data folder."""
    return root / "raw" / month_of(night) / f"{SIMULATED_PREFIX}HD_{night}_720p.mp4"


def truth_path(root: Path, night: str) -> Path:
    """Where a night's truth lies below a data folder; its masks lie beside it."""
    return root / "labels/truth" / month_of(night) / f"{night}.parquet"


def compose(circle: np.ndarray, utc: datetime, zone: ZoneInfo, place: str = overlay.YELLOWKNIFE) -> np.ndarray:
    """A whole video frame, uint8 (720, 1280, 3), from the sky circle's square (720, 720, 3), the time and the place."""
    picture = overlay.backdrop(place).copy()
    picture[:, LEFT : LEFT + FULL] = np.maximum(picture[:, LEFT : LEFT + FULL], circle)
    overlay.draw_stamp(picture, overlay.stamp(utc, zone))
    return picture


def _mask_png(mask: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).convert("1", dither=Image.Dither.NONE).save(buffer, "PNG")
    return buffer.getvalue()


def simulate_night(plan: Plan, seed: int, site: Site, root: Path, workers: int = 1) -> pd.DataFrame:
    """Write one night's video, truth table and masks below `root`; return the truth, one row a video frame.

    Columns: COLUMNS, told in data/labels/README.md. `workers` threads draw the frames.
    """
    zone, place, times = zone_named(site.timezone), overlay.place_of(site), plan.times()
    places, minutes = ephemeris(times, site), plan.minutes()
    spoilt = set(plan.black) | _spoilt(plan)
    rows: list[tuple] = []
    masks: list[tuple[str, bytes]] = []

    def pictures() -> Iterator[np.ndarray]:
        for first, batch in rendered(plan, seed, site, workers):
            for k, circle in enumerate(batch.pictures):
                number = first + k
                name = make(plan.night, number)
                share, form = float(batch.cloud_fraction[k]), truth.FORMS[batch.form[k]]
                rows.append(
                    (name, number, times[number], bool(batch.visible[k]), bool(batch.borderline[k]),
                     _rounded(batch.visibility[k]), _rounded(batch.sky_fraction[k]), form,
                     _rounded(10 ** batch.log_kilorayleigh[k]),
                     *scene.colours(plan, float(minutes[number]), form), _rounded(batch.strength[k]),
                     truth.CLOUD_NAMES[truth.cloud_class(torch.tensor(share))], _rounded(share),
                     plan.weather.snow, plan.weather.frost, plan.weather.drops, _rounded(places.sun_altitude[number]),
                     _rounded(places.moon_altitude[number]), _rounded(places.moon_illumination[number]),
                     number not in spoilt)
                )  # fmt: skip
                if number % FRAMES_PER_MINUTE == 0:
                    masks.append((f"{name}.png", _mask_png(batch.mask[k])))
                black = number in plan.black
                yield np.zeros_like(overlay.backdrop()) if black else compose(circle, times[number], zone, place)

    video = video_path(root, plan.night)
    encode.encode(video, pictures())
    if plan.damaged:
        encode.damage(video, plan.damaged)
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"utc": UTC_TIME})
    path = truth_path(root, plan.night)
    archive.write(path.with_name(f"{plan.night}_masks.zip"), masks)
    with atomic_write(path) as temporary:
        plain = pyarrow.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(plain, temporary, compression="zstd")
    return table


def _rounded(value: float) -> float:
    return round(float(value), 4)


def _spoilt(plan: Plan) -> set[int]:
    # damage stays in the picture until the next key frame
    return {k for frame in plan.damaged for k in range(frame, min(plan.frames, _next_key_frame(frame)))}


def _next_key_frame(frame: int) -> int:
    return (frame // encode.GROUP + 1) * encode.GROUP


def labels_of(truth: pd.DataFrame) -> pd.DataFrame:
    """The label rows of the truth's usable frames, one a minute of video."""
    chosen = truth[truth["usable"] & (truth["frame_no"] % FRAMES_PER_MINUTE == 0)]
    label = np.where(chosen["visible"], "yes", "no")
    return pd.DataFrame({"frame_id": chosen["frame_id"], "label": label, "annotator": SIMULATOR})


def write_labels(path: Path, nights: Iterable[str], labels: pd.DataFrame) -> None:
    """Put labels into a labels file in place of the simulator's earlier ones of these nights; people's rows stay.

    Raises
    ------
    InputError
        The file that is there is not a labels file.
    """
    earlier = labels_file.read(path)
    is_own = (earlier["annotator"] == SIMULATOR) & earlier["frame_id"].map(night_of).isin(set(nights))
    kept = pd.concat([earlier[~is_own], labels])
    labels_file.write(path, kept.sort_values(["frame_id", "annotator"]))
