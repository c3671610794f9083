from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
import zlib
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import tiny
from aurora_gradcam import config
from aurora_gradcam.cli import main
from aurora_gradcam.config import Evaluate
from aurora_gradcam.corpus.images import decode_image, read_frame
from aurora_gradcam.errors import AuroraError, InputError
from aurora_gradcam.gradcam.maps import explain
from aurora_gradcam.gradcam.overlays import overlay
from aurora_gradcam.inference import by_night
from aurora_gradcam.inference.classify import classify, predictions
from aurora_gradcam.prediction import classifier, sky_check
from aurora_gradcam.prediction.predict import COLUMNS, run
from aurora_gradcam.prediction.result import Job
from aurora_gradcam.preprocessing import extract, illuminate, ocr_utc
from aurora_gradcam.pretraining import no_sky
from aurora_gradcam.simulation import nights
from aurora_gradcam.simulation.plan import Episode, Plan
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.kinds import CLOUDS, FORMS
from aurora_gradcam.tables.sky import SKY_TABLE
from aurora_gradcam.tables.times import TIMES_TABLE
from aurora_gradcam.training import heads
from aurora_gradcam.training import network as networks
from aurora_gradcam.training.transforms import for_evaluation

NIGHT = "20230220"
PLAN = Plan(NIGHT, datetime(2023, 2, 20, 8, 10, 17, tzinfo=UTC), 24, (Episode("band", 0.2, 10, 40.0),),
            gap=(12, 12), black=(8, 8), damaged=(20, 20))  # fmt: skip
PARAMS = config.Params.model_validate(
    {
        "months": ["2023-02"],
        "extract": {"interval_s": 6, "max_bad_fraction": 1},
        "gradcam": {"layers": ["layercam@features.5"]},
    }
)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project with one simulated night, run through the stages, and a classifier of random weights."""
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("AURORA_WORKERS", "1")
        nights.simulate_night(PLAN, 42, PARAMS.site, root / "data")
        extract.run(PARAMS, "2023-02")
        networks.save(seeing(), card())
        ocr_utc.run(PARAMS, "2023-02")
        illuminate.run(PARAMS)
    return root


def card() -> networks.ModelCard:
    return networks.ModelCard(backbone="efficientnet_b0", image_size=64, temperature=1.7, threshold=0.4)


def seeing() -> torch.nn.Module:
    """An untrained network whose normalisation has seen frames of the night, so that its logits differ between them."""
    network = networks.build("efficientnet_b0", seed=3).train()
    prepare = for_evaluation(64, card().mean, card().std)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    frames = [read_frame(f"{NIGHT}-{number:05d}") for number in (0, 6, 12, 18)]
    with torch.no_grad():
        network(torch.stack([prepare(frame) for frame in frames]))
    return network.eval()


@pytest.fixture
def here(project, monkeypatch) -> Path:
    monkeypatch.chdir(project)
    monkeypatch.setenv("AURORA_WORKERS", "1")
    return project


VIDEO = nights.video_path(Path("data"), NIGHT)


@pytest.fixture(scope="module")
def night(project, tmp_path_factory) -> Path:
    """What `predict` wrote of the night, with two overlays."""
    out = tmp_path_factory.mktemp("night") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.setenv("AURORA_WORKERS", "1")
        run([VIDEO], Job(out, PARAMS, explain=2))
    return out


def read(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "frames.csv")


def test_a_video_gets_the_times_the_sky_and_the_probabilities_of_the_stages(here, night):
    found = read(night)
    frames, times = FRAMES_TABLE.read("2023-02"), TIMES_TABLE.read("2023-02")
    assert list(found.columns) == list(COLUMNS)
    assert (found["source"] == VIDEO.name).all()
    assert found["frame_no"].tolist() == frames["frame_no"].tolist() == list(range(24))
    assert found["status"].tolist() == frames["status"].tolist()
    assert set(found["status"]) >= {"ok", "corrupt", "blank"}
    assert found["time_status"].tolist() == times["time_status"].tolist()
    assert found["utc"].str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").all()
    assert (pd.to_datetime(found["utc"]) == times["utc"]).all()
    truth = pd.read_parquet(nights.truth_path(Path("data"), NIGHT))
    assert (pd.to_datetime(found["utc"]) == truth["utc"]).all()
    skies = SKY_TABLE.read()
    for column in ("sun_altitude", "moon_altitude", "sun_class", "moon_class"):
        assert found[column].tolist() == skies[column].tolist()

    usable = frames[frames["status"] == "ok"]
    network, model_card = networks.load_classifier()
    pictures = (decode_image(content) for _, content in by_night.contents(usable))
    logits = classify(network, model_card, pictures, PARAMS.evaluate.batch_size)
    expected = predictions(usable["frame_id"], logits, model_card.temperature, model_card.threshold)
    classified = found[found["status"] == "ok"].reset_index(drop=True)
    for column in ("logit_no", "logit_yes", "p_aurora"):
        assert classified[column].tolist() == expected[column].tolist()
    assert classified["is_aurora"].astype(bool).tolist() == expected["is_aurora"].tolist()
    assert np.ptp(expected["p_aurora"]) > 0.001  # frames are told apart
    assert found.loc[found["status"] != "ok", ["p_aurora", "is_aurora", "logit_no", "logit_yes"]].isna().all(axis=None)


def test_a_model_with_heads_tells_cloud_form_and_strength_and_the_same_of_aurora(here, night, tmp_path):
    torch.manual_seed(2)
    further, model = heads.Heads(1280), tmp_path / "model"
    networks.save(networks.load_classifier()[0], card(), model, heads.tensors_of(further))
    table = run([VIDEO], Job(tmp_path / "out", PARAMS, model=model))
    alone, beside = read(night), read(tmp_path / "out")
    assert list(beside) == [*COLUMNS, "p_cloud", "cloud", "form", "strength"]
    assert beside["p_aurora"].equals(alone["p_aurora"]) and beside["status"].equals(alone["status"])
    classified, called = beside["p_aurora"].notna(), beside["is_aurora"].eq(True)
    assert beside["cloud"].notna().equals(classified) and set(beside["cloud"].dropna()) <= set(CLOUDS)
    assert beside["p_cloud"][classified].between(0, 1).all()
    assert beside["form"].notna().equals(called) and set(beside["form"].dropna()) <= set(FORMS)
    assert beside["strength"].notna().equals(called) and len(table) == len(beside)
    page, plain = ((out / "summary.html").read_text() for out in (tmp_path / "out", night))
    assert "kR in the middle frame" in page and "kR in the middle frame" not in plain


def test_overlays_are_those_of_the_surest_frames_by_the_first_map_of_the_params(here, night):
    rows = read(night)
    surest = rows.loc[(rows["logit_yes"] - rows["logit_no"]).idxmax(), "frame_no"]
    names = sorted(path.name for path in (night / "explain").iterdir())
    assert len(names) == 2 and f"{VIDEO.stem}-{surest:05d}_yes.jpg" in names
    network, model_card = networks.load_classifier()
    frame = read_frame(f"{NIGHT}-{surest:05d}")
    prepared = for_evaluation(model_card.image_size, model_card.mean, model_card.std)(frame)
    expected = overlay(frame, explain(network, prepared[None], "yes", "features.5", "layercam")[0]).astype(int)
    written = np.asarray(Image.open(night / "explain" / f"{VIDEO.stem}-{surest:05d}_yes.jpg")).astype(int)
    assert np.abs(written - expected).mean() < 1 < np.abs(written - frame).mean()


def test_the_keogram_is_a_picture_with_the_frames_in_order(night):
    picture = np.asarray(Image.open(night / f"{VIDEO.stem}_keogram.png").convert("RGB"))
    assert picture.shape[1] > 900 and picture.std() > 10


def test_the_page_opens_without_errors_or_network_and_tells_what_matters(night, browser):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    faults, asked = [], []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((night / "summary.html").as_uri())
    text = page.inner_text("main")
    rows = read(night)
    yes, good = int((rows["is_aurora"] == True).sum()), int((rows["status"] == "ok").sum())  # noqa: E712
    assert f"{good} of 24 frames classified, {yes} called aurora" in text
    assert "show a simulated sky" in text
    bad = (rows["status"] != "ok").sum()
    assert f"{bad} of 24 frames are bad" in text and f"frames blank\n{(rows['status'] == 'blank').sum()}" in text
    assert "threshold of P(yes)\n0.4" in text and "LayerCAM at features.5" in text
    assert "the classifier that ships with this software learnt from simulated skies only" in text.lower()
    loaded = page.eval_on_selector_all("img", "all => all.map(one => one.complete && one.naturalWidth > 0)")
    assert len(loaded) > 5 and all(loaded)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not faults and [url for url in asked if not url.startswith("data:")] == [page.url]
    page.close()


@pytest.mark.parametrize(
    ("truth", "said"), [(True, "learnt from simulated skies only"), (False, "the project's labelled frames")]
)
def test_the_page_says_what_skies_the_model_learnt_from(here, tmp_path, truth, said):
    network, shipped = networks.load_classifier()
    networks.save(network, shipped.model_copy(update={"provenance": {"simulated": truth}}), tmp_path / "model")
    picture = tmp_path / "a.png"
    Image.fromarray(tiny.draw("yes", np.random.default_rng(0))).save(picture)
    run([picture], Job(tmp_path / "out", PARAMS, tmp_path / "model", timed=False))
    text = " ".join((tmp_path / "out" / "summary.html").read_text().split())
    assert said in text and ("simulated" in text) == truth
    assert not re.search(r"accura", text)


def test_without_a_sky_no_time_is_read_and_the_keogram_runs_over_the_video(here, tmp_path):
    run([VIDEO], Job(tmp_path, PARAMS, timed=False))
    found, timed = read(tmp_path), ["utc", "time_status", "sun_altitude", "moon_altitude", "sun_class", "moon_class"]
    assert found[timed].isna().all(axis=None) and found["p_aurora"].notna().sum() > 10
    assert (tmp_path / f"{VIDEO.stem}_keogram.png").is_file()
    assert "By twilight" not in (tmp_path / "summary.html").read_text()


def test_a_video_whose_name_tells_no_date_is_dated_by_its_frames(here, night, tmp_path):
    unnamed = tmp_path / "clip.mp4"
    unnamed.write_bytes(VIDEO.read_bytes())
    run([unnamed], Job(tmp_path / "out", PARAMS))
    pd.testing.assert_frame_equal(read(tmp_path / "out").drop(columns="source"), read(night).drop(columns="source"))


def with_extract(**changes: object) -> config.Params:
    return PARAMS.model_copy(update={"extract": PARAMS.extract.model_copy(update=changes)})


def test_legible_times_hold_against_a_wrong_pace_in_the_settings_which_is_reported(here, tmp_path, caplog):
    table = run([VIDEO], Job(tmp_path, with_extract(seconds_per_frame=300.0, interval_s=300.0)))
    assert (table["time_status"] == "read").mean() > 0.9
    assert "printed times advance by 6 s a frame where extract.seconds_per_frame makes it 300 s" in caplog.text


def test_settings_that_read_no_time_are_reported_with_the_reason(here, tmp_path, caplog):
    table = run([VIDEO], Job(tmp_path, with_extract(stamp_box=(0, 600, 452, 56))))
    assert (table["time_status"] == "failed").all() and table["p_aurora"].notna().sum() > 10
    assert "no time could be read; check extract.stamp_box" in caplog.text
    assert "no time could be read" in (tmp_path / "summary.html").read_text()


@pytest.fixture
def folder(tmp_path) -> Path:
    """Eight masked frames a minute apart, one broken, one black, one without a time, and a file that is no image."""
    folder = tmp_path / "frames"
    folder.mkdir()
    generator = np.random.default_rng(5)
    for k in range(8):
        name = f"cam_202402010{k}3000.jpg" if k != 6 else "undated.jpg"
        (folder / name).write_bytes(tiny.jpeg(tiny.draw(("no", "yes")[k % 2], generator)))
    (folder / "cam_20240201023000.jpg").write_bytes(b"\xff\xd8 broken")
    Image.new("RGB", (96, 96)).save(folder / "cam_20240201043000.jpg")
    (folder / "notes.txt").write_text("clear sky")
    return folder


def test_images_are_rows_in_order_of_name_bad_ones_too(here, folder, tmp_path, caplog):
    run([folder], Job(tmp_path / "out", PARAMS, explain=1))
    found = read(tmp_path / "out")
    assert found["source"].tolist() == sorted(path.name for path in folder.glob("*.jpg"))
    assert found["frame_no"].tolist() == list(range(8))
    assert found["status"].tolist() == ["ok", "ok", "corrupt", "ok", "blank", "ok", "ok", "ok"]
    assert found["p_aurora"].isna().tolist() == (found["status"] != "ok").tolist()
    assert found["utc"].tolist()[:2] == ["2024-02-01T00:30:00Z", "2024-02-01T01:30:00Z"]
    assert found["time_status"].tolist() == ["read"] * 7 + ["failed"]
    # Yellowknife in February: the Sun sets about 16:50 and is 40 degrees below the horizon at local midnight, 07:37 UTC
    assert found["sun_altitude"].iloc[0] > -10 and found["sun_altitude"].iloc[6] < -40
    network, model_card = networks.load_classifier()
    good = found[found["status"] == "ok"]
    pictures = [decode_image((folder / name).read_bytes()) for name in good["source"]]
    logits = classify(network, model_card, pictures, PARAMS.evaluate.batch_size)
    assert good["logit_yes"].tolist() == logits[:, 1].tolist()
    assert "2 of 8 frames are bad and not classified: 1 corrupt, 1 blank" in caplog.text
    assert "1 of 8 times could not be found in the file names" in caplog.text
    assert "1 files of the folders are no images" in caplog.text
    assert len(list((tmp_path / "out" / "explain").glob("*_yes.jpg"))) == 1


def test_running_again_changes_no_byte_of_the_table_and_leaves_other_files(here, folder, tmp_path):
    out = tmp_path / "out"
    run([folder], Job(out, PARAMS))
    first = (out / "frames.csv").read_bytes()
    (out / "mine.txt").write_text("keep")
    run([folder], Job(out, PARAMS))
    assert (out / "frames.csv").read_bytes() == first
    assert sorted(path.name for path in out.iterdir()) == ["frames.csv", "mine.txt", "summary.html"]


def test_only_broken_images_and_a_file_as_folder_are_clear_errors(here, folder, tmp_path):
    with pytest.raises(InputError, match=r"none of the images is readable"):
        run([folder / "cam_20240201023000.jpg"], Job(tmp_path / "out", PARAMS))
    with pytest.raises(InputError, match=r"is a file.*notes\.txt.*--out"):
        run([folder], Job(folder / "notes.txt", PARAMS))
    assert not (tmp_path / "out").exists()


def test_only_black_images_are_rows_without_predictions(here, folder, tmp_path):
    run([folder / "cam_20240201043000.jpg"], Job(tmp_path / "out", PARAMS, explain=3))
    assert read(tmp_path / "out")["status"].tolist() == ["blank"]
    assert "0 of 1 frames classified" in (tmp_path / "out" / "summary.html").read_text()


def test_the_command_through_a_pipe(here, folder, tmp_path):
    out = tmp_path / "out"
    arguments = ["predict", str(folder), "--out", str(out), "--no-sky"]
    command = [sys.executable, "-c", "from aurora_gradcam.cli import main; main()", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("6 of 8 frames classified, ") and str(out / "summary.html") in done.stdout
    assert "\x1b" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["nowhere.mp4"], "InputError: there is no such file"),
        (["FRAMES", "--circle", "big"], "ConfigError: 'big' is no circle"),
        (["FRAMES", "--params", "none.yaml"], "ConfigError: no such params file"),
        (["FRAMES", "--set", "predict.image_tme=x"], "ConfigError: predict.image_tme: unknown key"),
        (["FRAMES", "--model", "nowhere"], "InputError: the model card is missing"),
        (["FRAMES", "--set", "gradcam.layers=[features.99]"], "ConfigError: the network has no layer 'features.99'"),
        (["FRAMES/notes.txt"], "InputError: this file is neither video nor image"),
    ],
)
def test_bad_use_is_one_line_and_exit_status_2(here, folder, tmp_path, monkeypatch, capsys, arguments, fault):
    given = [argument.replace("FRAMES", str(folder)) for argument in arguments]
    monkeypatch.setattr(sys, "argv", ["aurora", "predict", *given, "--out", str(tmp_path / "none")])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.startswith(fault) and said.count("\n") == 1
    assert not (tmp_path / "none").exists()


def test_what_fails_in_one_video_does_not_take_the_others_with_it(here, tmp_path, monkeypatch, caplog):
    gone = shutil.copyfile(VIDEO, tmp_path / "simulatedHD_20230221_720p.mp4")
    load = networks.load_classifier

    def load_while_the_video_goes(folder):
        gone.unlink()
        return load(folder)

    monkeypatch.setattr(networks, "load_classifier", load_while_the_video_goes)
    with pytest.raises(AuroraError):
        run([gone, VIDEO], Job(tmp_path / "out", PARAMS))
    assert set(pd.read_csv(tmp_path / "out/frames.csv")["source"]) == {VIDEO.name}
    assert "not classified" in (tmp_path / "out/summary.html").read_text(encoding="utf-8")
    assert "not classified" in caplog.text


def test_a_table_of_somebody_elses_is_not_overwritten(here, tmp_path):
    (tmp_path / "frames.csv").write_text("file,frame_id\n")
    with pytest.raises(InputError, match="no result of `aurora predict`"):
        run([VIDEO], Job(tmp_path, PARAMS))
    assert (tmp_path / "frames.csv").read_text() == "file,frame_id\n"


def test_a_place_that_cannot_be_written_is_told_before_anything_is_decoded(here, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="nothing can be written here"):
        run([VIDEO], Job(tmp_path / "file/out", PARAMS))


def test_one_preview_a_huge_header_and_pages_take_nothing_from_the_other_images(here, tmp_path, caplog):
    folder, generator = tmp_path / "frames", np.random.default_rng(2)
    folder.mkdir()
    wide = np.zeros((96, 140, 3), np.uint8)
    wide[:, 20:116] = tiny.draw("yes", generator)
    for name in ("a.jpg", "b.jpg"):
        Image.fromarray(wide).save(folder / name)
    Image.fromarray(wide[::3, ::3]).save(folder / "preview.jpg")
    pages = [Image.fromarray(np.roll(wide, k, axis=1)) for k in range(3)]
    pages[0].save(folder / "stack.tif", save_all=True, append_images=pages[1:])
    head = b"IHDR" + struct.pack(">IIBBBBB", 40_000, 25_000, 8, 2, 0, 0, 0)
    parts = (head, b"IDAT" + zlib.compress(b""), b"IEND")
    chunks = (struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts)
    (folder / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    run([folder], Job(tmp_path / "out", PARAMS, timed=False, circle=config.Circle(center=(68, 48), radius=48)))
    rows = read(tmp_path / "out").set_index("source")
    assert rows["status"].to_dict() == {
        "a.jpg": "ok", "b.jpg": "ok", "huge.png": "corrupt", "preview.jpg": "no_circle", "stack.tif": "ok"}  # fmt: skip
    assert "outside the picture of 47x32" in rows.loc["preview.jpg", "reason"]
    assert "more than 89478485 pixels" in rows.loc["huge.png", "reason"] and pd.isna(rows.loc["a.jpg", "reason"])
    assert "1 files hold several pictures" in caplog.text and "preview.jpg: the centre" in caplog.text
    assert "frames no_circle" in (tmp_path / "out" / "summary.html").read_text()


def test_a_picture_of_no_sky_gets_a_reason_and_no_probability(here, folder, tmp_path, monkeypatch):
    # one picture at a time: with a picture less, a batch is summed in another order
    params = PARAMS.model_copy(update={"evaluate": Evaluate(batch_size=1)})
    run([folder], Job(tmp_path / "plain", params, timed=False))
    page = (folder / "cam_20240201033000.jpg").read_bytes()

    class Refusing:
        """Stands in for the check and its judging: refuses one picture."""

        def __init__(self):
            self.told = []

        def judging(self):
            return nullcontext(Refusing())

        def note(self, picture):
            self.told.append("a page" if (picture == decode_image(page)).all() else "")

        def reasons(self):
            return self.told

    monkeypatch.setattr(classifier, "load_sky_check", lambda *_: Refusing())
    run([folder], Job(tmp_path / "out", params, timed=False, explain=9))
    plain, checked = (read(tmp_path / name).set_index("source") for name in ("plain", "out"))
    row = checked.loc["cam_20240201033000.jpg"]
    assert row["status"] == "no_sky" and row["reason"] == "a page" and pd.isna(row["p_aurora"])
    others = plain.index != "cam_20240201033000.jpg"
    columns = ["status", "is_aurora", "logit_yes", "reason"]
    pd.testing.assert_frame_equal(plain.loc[others, columns], checked.loc[others, columns])
    assert "frames no_sky" in (tmp_path / "out" / "summary.html").read_text()


def test_the_check_of_the_model_folder_refuses_pages_and_keeps_frames(here, tmp_path):
    network, model_card = networks.load_classifier()
    prepare = for_evaluation(64, model_card.mean, model_card.std)
    skies = [read_frame(f"{NIGHT}-{number:05d}") for number in range(0, 24) if number not in (8, 12, 20)]
    generator = np.random.default_rng(3)
    pages = [np.where(generator.random((720, 720, 1)) < 0.1, 0, 250).repeat(3, 2).astype(np.uint8) for _ in range(8)]
    rows = [no_sky.features_of(network, torch.stack([prepare(each) for each in group])) for group in (skies, pages)]
    limits = replace(no_sky.fit(*rows), thresholds=torch.tensor([100.0, 0.0, float("inf")], dtype=torch.float64))
    judged = classifier.Classifier(network, model_card, sky_check.SkyCheck(limits, network, model_card))
    both = [*skies[:4], *pages, *skies[4:]]
    for batch_size in (1, 5):
        why = classifier.classify_pictures(judged, range(len(both)), both, batch_size)[classifier.NO_SKY]
        assert (why != "").tolist() == [4 <= place < 4 + len(pages) for place in range(len(both))]
    assert sky_check.load_sky_check(networks.MODELS, network, model_card) is None


def test_a_video_of_ones_own_is_to_be_left_out_and_not_deleted(here, tmp_path):
    (tmp_path / "night.mp4").write_bytes(b"no video")
    with pytest.raises(InputError) as raised:
        run([tmp_path / "night.mp4"], Job(tmp_path / "out", PARAMS))
    assert raised.value.fix == "see whether it plays, or leave it out"
