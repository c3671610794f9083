"""`aurora predict` on real videos and on frames of other cameras, with the model that the repository makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aurora_gradcam import config
from aurora_gradcam.corpus.images import decode_image
from aurora_gradcam.inference.classify import classify, predictions
from aurora_gradcam.prediction import circles, image_files
from aurora_gradcam.prediction.predict import run
from aurora_gradcam.prediction.result import Job
from aurora_gradcam.preprocessing import video
from aurora_gradcam.training.network import CARD, load_classifier

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "data" / "models"
FIRST = pd.Timestamp("2018-04-21 05:19:18", tz="UTC")  # 2018-04-20 23:19:18 MDT


@pytest.fixture(autouse=True)
def model() -> None:
    if not (MODEL / CARD).is_file():
        pytest.skip("there is no model: run `dvc pull data/models`")


def predicted(paths: list[Path], out: Path, params: config.Params, **options) -> pd.DataFrame:
    run(paths, Job(out, params, MODEL, **options))
    return pd.read_csv(out / "frames.csv")


@pytest.mark.parametrize(
    ("name", "settings", "count", "step_s", "least"),
    [
        ("auroramaxHD_20180421_480p.mp4", "params_480p", 20, 6, 0.6),
        ("auroramaxHD_20180421_480p_every5min.mp4", "every_5_min_480p", 27, 300, 0.8),
    ],
)
def test_real_videos_get_exact_times_and_their_aurora_is_mostly_called(
    request, real, tmp_path, name, settings, count, step_s, least
):
    found = predicted([real / name], tmp_path, request.getfixturevalue(settings))
    assert pd.to_datetime(found["utc"]).tolist() == [FIRST + pd.Timedelta(seconds=step_s * k) for k in range(count)]
    assert (found["time_status"] == "read").all() and (found["status"] == "ok").all()
    assert found["is_aurora"].mean() >= least  # aurora is in every one of these frames
    # late April at 62 degrees north: nautical twilight after midnight, then astronomical, never night
    assert found["sun_altitude"].between(-16, -11).all()


def test_masked_frames_get_what_evaluation_gives_them_bit_for_bit(real, tmp_path):
    found = predicted([real / "frames"], tmp_path, config.Params(), timed=False)
    paths = sorted((real / "frames").glob("*.jpg"), key=lambda path: path.name)
    assert found["source"].tolist() == [path.name for path in paths] and len(paths) == 50
    network, card = load_classifier(MODEL)
    frames = (decode_image(path.read_bytes()) for path in paths)
    logits = classify(network, card, frames, config.Params().evaluate.batch_size)
    expected = predictions(found["source"], logits, card.temperature, card.threshold)
    for column in ("p_aurora", "logit_no", "logit_yes"):
        assert found[column].tolist() == expected[column].tolist()
    assert (found["is_aurora"] == expected["is_aurora"]).all()


@pytest.mark.parametrize(
    ("camera", "pattern", "times"),
    [
        ("nipr", "nipr-*.jpg", {
            "nipr-longyearbyen_20140218235440.jpg": "2014-02-18 23:54:40",
            "nipr-longyearbyen_20140225233410.jpg": "2014-02-25 23:34:10"}),
        ("kho", "kho-*.jpg", {
            "kho-sony_LYR-Sony-020220_035301-ql.jpg": "2020-02-02 03:53:01",
            "kho-sony_LYR-Sony-080220_083852-ql.jpg": "2020-02-08 08:38:52"}),
    ],
)  # fmt: skip
def test_other_cameras_need_a_params_file_only(real, tmp_path, camera, pattern, times):
    params = config.load(Path(__file__).with_name(f"params_{camera}.yaml"))
    found = predicted(sorted((real / "frames").glob(pattern)), tmp_path, params).set_index("source")
    assert found["p_aurora"].notna().all()
    utc = pd.to_datetime(found["utc"])
    assert utc[list(times)].tolist() == [pd.Timestamp(time, tz="UTC") for time in times.values()]
    # one of KHO's names holds the year in four digits, in another order: no time is better than a wrong one
    assert (found["time_status"] == "failed").sum() == (1 if camera == "kho" else 0)
    known = found[utc.notna()]
    # Svalbard, November to February: the Sun stays below 2 degrees all day, and deeper than 44 never goes
    assert known["sun_altitude"].between(-44, 2).all() and known["moon_altitude"].between(-45, 45).all()
    # near 23 h UTC it is local midnight, and the Sun stands at declination + latitude - 90 degrees: -24 in mid-February
    midnight = known[pd.to_datetime(known["utc"]).dt.hour.isin([22, 23])]
    assert len(midnight) and (midnight["sun_altitude"] < -19).all()


def test_the_circle_of_a_real_video_is_found(real, params_480p):
    source = video.probe(real / "auroramaxHD_20180421_480p_every5min.mp4")
    found = circles.for_video(source, circles.AUTO, params_480p.extract, timed=True)
    row, column = np.mgrid[:480, :854] + 0.5
    stated, seen = (
        np.hypot(column - circle.center[0], row - circle.center[1]) <= circle.radius
        for circle in (params_480p.extract.circle, found.circle)
    )
    assert (stated & seen).sum() >= 0.9 * (stated | seen).sum()
    assert len(image_files.read_video(source)) == image_files.SEVERAL
