"""A miniature project on disk: real tables and archives of drawn frames, for tests of the later stages.

Aurora frames hold a bright green band, the others only a dim sky; the classes differ so that a few training steps can
tell, and masks are exact.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from aurora_gradcam.corpus import archive
from aurora_gradcam.corpus.frame_ids import month_of, night_of
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.labels import LABELLED_TABLE
from aurora_gradcam.tables.sky import SKY_TABLE
from aurora_gradcam.tables.split import SPLIT_TABLE
from aurora_gradcam.tables.table import Table
from aurora_gradcam.tables.times import TIMES_TABLE

SIZE = 96


def draw(label: str, generator: np.random.Generator, size: int = SIZE) -> np.ndarray:
    """One masked frame, uint8 RGB (size, size, 3)."""
    row, column = np.mgrid[:size, :size]
    sky = np.zeros((size, size, 3))
    sky[:] = generator.uniform(5, 30) * np.array([0.6, 0.7, 1.0])
    if label == "yes":
        centre = size * generator.uniform(0.35, 0.65) + 6 * np.sin(column / size * 6 + generator.uniform(0, 6))
        sky += np.exp(-(((row - centre) / (size * 0.07)) ** 2))[..., None] * np.array([60, 190, 70])
    sky += generator.normal(0, 3, sky.shape)
    inside = np.hypot(row - size / 2 + 0.5, column - size / 2 + 0.5) <= size / 2
    return np.clip(sky * inside[..., None], 0, 255).astype(np.uint8)


def jpeg(picture: np.ndarray) -> bytes:
    """Encode as JPG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


NIGHTS = tuple(f"202402{day:02d}" for day in range(1, 13))
MONTHS = ("2024-02",)


def build(frames_per_night: int = 9, seed: int = 1, nights: tuple[str, ...] = NIGHTS) -> pd.DataFrame:
    """Write frames, times, sky, labelled and split below the current folder; return frame_id, night, label, split.

    Frame k of a night has condition k % 9, so that all nine are present; labels alternate, differently each night. The
    last frame of the first night is corrupt (a member is kept), that of the second missing (no member, no prediction).
    """
    generator = np.random.default_rng(seed)
    frames, times, sky, chosen = [], [], [], []
    for number, night in enumerate(nights):
        members = []
        start = pd.Timestamp(night, tz="UTC") + pd.Timedelta(hours=6)
        split = ("train", "train", "val", "test")[number % 4]
        for k in range(frames_per_night):
            frame_id = f"{night}-{k * 10:05d}"
            label = "yes" if (k + number) % 2 else "no"
            status = "ok"
            if k == frames_per_night - 1 and number < 2:
                status = ("corrupt", "missing")[number]
            if status != "missing":
                members.append((f"{frame_id}.jpg", jpeg(draw(label, generator))))
            member = None if status == "missing" else f"{frame_id}.jpg"
            frames.append((frame_id, night, f"simulatedHD_{night}_720p.mp4", "0" * 32, k * 10, k * 0.4, member, status))
            utc = start + pd.Timedelta(minutes=k)
            local = (utc - pd.Timedelta(hours=7)).tz_localize(None)
            times.append((frame_id, local.strftime("%Y-%m-%d %H:%M:%S MST"), 95.0, local, -420.0, utc, "read", 0.0))
            sun = ("Night", "Astronomical", "Nautical")[k % 3]
            moon = ("No_Moon", "Moon_Quarter", "Moon_Full")[k // 3 % 3]
            sun_altitude = {"Night": -30.0, "Astronomical": -15.0, "Nautical": -9.0}[sun]
            phase = {"No_Moon": 20.0, "Moon_Quarter": 90.0, "Moon_Full": 170.0}[moon]
            sky.append(
                (frame_id, utc, sun_altitude, 300.0, 20.0, 120.0, phase, (1 - np.cos(np.radians(phase))) / 2, sun, moon)
            )
            if status == "ok":
                chosen.append((frame_id, night, label, split))
        archive.write(archive.night_path(archive.FRAMES, night), members)

    def frame(rows: list[tuple], table: Table) -> pd.DataFrame:
        return pd.DataFrame(rows, columns=[name for name, column in table.schema.columns.items() if column.required])

    months = sorted({month_of(night) for night in nights})
    for table, rows in ((FRAMES_TABLE, frame(frames, FRAMES_TABLE)), (TIMES_TABLE, frame(times, TIMES_TABLE))):
        for month, of_month in rows.groupby(rows["frame_id"].map(night_of).map(month_of)):
            table.write(of_month, month)
    SKY_TABLE.write(frame(sky, SKY_TABLE))
    split_table = frame(chosen, SPLIT_TABLE)
    SPLIT_TABLE.write(split_table)
    pool = split_table.assign(set="train_pool", annotator="simulator", weight=1.0)
    LABELLED_TABLE.write(pd.concat([pool, pool.iloc[::5].assign(set="audit", weight=5.0)]))
    Path("params.yaml").write_text(
        f"months: {json.dumps(months)}\nseed: 7\n"
        "train: {weights: none, image_size: 64, batch_size: 8, frozen_epochs: 1, finetune_epochs: 1}\n"
    )
    return split_table
