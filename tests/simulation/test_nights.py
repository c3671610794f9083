from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import ffmpeg
import numpy as np
import pandas as pd
import pytest
import torch

from aurora_gradcam import cli
from aurora_gradcam.config import Site
from aurora_gradcam.corpus import archive
from aurora_gradcam.corpus.images import decode_image
from aurora_gradcam.errors import InputError
from aurora_gradcam.simulation import nights, scene
from aurora_gradcam.simulation.plan import CloudLayer, Episode, Plan
from aurora_gradcam.simulation.truth import BORDERLINE, FLOOR_KR
from aurora_gradcam.tables.labels import LABELS_COLUMNS

SITE = Site()
PLAN = Plan(
    "20230220",
    datetime(2023, 2, 20, 8, 10, 17, tzinfo=UTC),
    24,
    (Episode("band", 0.2, 10, 40.0),),
    gap=(12, 12),
    black=(19, 20),
    damaged=(5, 6),
)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[Path, pd.DataFrame]:
    """A night of 24 video frames on disk, and its truth."""
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("data")
    return root, nights.simulate_night(PLAN, 42, SITE, root)


def decoded(path: Path) -> tuple[np.ndarray, str]:
    """All frames (frames, 720, 1280, 3) and what the decoder said."""
    process = ffmpeg.input(str(path)).output("pipe:", format="rawvideo", pix_fmt="rgb24", vsync="passthrough")
    pictures, said = process.global_args("-v", "error").run(capture_stdout=True, capture_stderr=True)
    return np.frombuffer(pictures, np.uint8).reshape(-1, 720, 1280, 3), said.decode()


def test_the_video_is_like_the_real_ones(written):
    stream = ffmpeg.probe(str(nights.video_path(written[0], PLAN.night)))["streams"][0]
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("h264", 1280, 720)
    assert (stream["pix_fmt"], stream["avg_frame_rate"], stream["nb_frames"]) == ("yuv420p", "25/1", "24")


def test_black_frames_are_black_damaged_ones_upset_the_decoder_and_all_are_marked_unusable(written):
    root, truth = written
    pictures, said = decoded(nights.video_path(root, PLAN.night))
    assert len(pictures) == 24 and 1 <= said.count("error while decoding") <= len(PLAN.damaged)
    assert [k for k, picture in enumerate(pictures) if picture.max() < 40] == [19, 20]
    # a frame leans on those before it: damage stays until the next key frame, here beyond the end
    assert truth["usable"].tolist() == [True] * 5 + [False] * 19


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(written, tmp_path):
    short = Plan(PLAN.night, PLAN.start, 6, PLAN.episodes, clouds=(CloudLayer("cirrus", 0.7, 0.5),))
    paths = []
    for number, seed in enumerate((42, 42, 43)):
        nights.simulate_night(short, seed, SITE, tmp_path / str(number))
        paths.append(sorted(path for path in (tmp_path / str(number)).rglob("*") if path.is_file()))
    first, again, other = ([path.read_bytes() for path in found] for found in paths)
    assert len(first) == 3 and first == again
    assert first[0] != other[0]


def test_the_truth_tells_every_video_frame_and_its_time_with_the_gap(written):
    root, truth = written
    pd.testing.assert_frame_equal(pd.read_parquet(nights.truth_path(root, PLAN.night)), truth, check_dtype=False)
    assert truth["frame_id"].tolist() == [f"20230220-{k:05d}" for k in range(24)]
    steps = truth["utc"].diff().dt.total_seconds().tolist()[1:]
    assert steps == [6.0] * 11 + [726.0] + [6.0] * 11
    assert not truth["visible"].iloc[0] and truth["form"].iloc[0] == "none"
    assert (truth["visible"] == (truth["visibility"] >= 1)).all()
    low, high = BORDERLINE
    assert (truth["borderline"] == truth["visibility"].between(low, high, inclusive="left")).all()
    assert (truth["sun_altitude"] < -18).all() and set(truth["cloud"]) == {"clear"}
    # the band fades in from its second frame on, and is over after the gap
    strength = truth["strength_kr"]
    assert strength.iloc[[0, -1]].tolist() == [FLOOR_KR, FLOOR_KR]
    assert strength.iloc[2:10].is_monotonic_increasing
    assert set(truth.loc[truth["visible"], "form"]) == {"arc"}
    assert (truth["purple"] == np.where(truth["visible"], 0.1, 0.0)).all()


def test_masks_of_the_minute_frames_have_the_fraction_that_the_truth_tells(written):
    root, truth = written
    path = root / "labels/truth" / "2023-02" / "20230220_masks.zip"
    assert archive.names(path) == [f"20230220-{k:05d}.png" for k in (0, 10, 20)]
    open_sky = scene.make_night(PLAN, 42, SITE)
    open_count = int(open_sky.open_sky.sum())
    for name, content in archive.read_all(path):
        mask = decode_image(content)[..., 0] > 0
        assert mask.shape == (240, 240)
        row = truth.set_index("frame_id").loc[name.removesuffix(".png")]
        assert mask.sum() / open_count == pytest.approx(row["sky_fraction"], abs=1e-4)


def test_labels_are_the_usable_minutes_in_the_words_of_the_label_file():
    truth = pd.DataFrame(
        {
            "frame_id": [f"20230220-{k:05d}" for k in (0, 1, 10, 20)],
            "frame_no": [0, 1, 10, 20],
            "visible": [False, True, True, True],
            "usable": [True, True, True, False],
        }
    )
    rows = nights.labels_of(truth).to_numpy().tolist()
    assert rows == [["20230220-00000", "no", "simulator"], ["20230220-00010", "yes", "simulator"]]


def test_new_labels_replace_the_simulators_of_that_night_and_nobody_elses(tmp_path):
    path = tmp_path / "labels.csv"
    head = ",".join(LABELS_COLUMNS)
    path.write_text(
        f"{head}\n20230220-00000,no,simulator\n20230220-00000,yes,anna\n20230221-00000,no,simulator\n", encoding="utf-8"
    )
    new = pd.DataFrame([["20230220-00010", "yes", "simulator"]], columns=list(LABELS_COLUMNS))
    nights.write_labels(path, ["20230220"], new)
    assert path.read_text(encoding="utf-8").splitlines() == [
        head,
        "20230220-00000,yes,anna",
        "20230220-00010,yes,simulator",
        "20230221-00000,no,simulator",
    ]
    path.write_text("frame,label\na,b\n", encoding="utf-8")
    with pytest.raises(InputError, match="frame_id,label,annotator"):
        nights.write_labels(path, ["20230220"], new)


def test_the_command_writes_video_truth_and_labels(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AURORA_WORKERS", "1")
    out = str(tmp_path)
    monkeypatch.setattr(sys, "argv", ["aurora", "simulate", "--out", out, "--nights", "20240201", "--minutes", "1"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0 and "1 nights, 10 video frames" in capsys.readouterr().out
    assert (tmp_path / "raw" / "2024-02" / "simulatedHD_20240201_720p.mp4").stat().st_size > 10_000
    labels = pd.read_csv(tmp_path / "labels" / "labels.csv")
    assert labels["frame_id"].tolist() == ["20240201-00000"] and set(labels["annotator"]) == {"simulator"}


def test_a_bad_option_is_one_line_and_exit_status_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["aurora", "simulate", "--out", str(tmp_path), "--nights", "20240631"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.startswith("ConfigError: '20240631'") and said.count("\n") == 1
    assert not list(tmp_path.iterdir())
