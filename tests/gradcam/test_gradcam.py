from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from aurora_gradcam import config
from aurora_gradcam.conditions import CONDITIONS, condition_name
from aurora_gradcam.corpus import archive
from aurora_gradcam.corpus.images import read_frame
from aurora_gradcam.corpus.sky_circle import is_inside
from aurora_gradcam.errors import ConfigError, InputError
from aurora_gradcam.gradcam import chosen, gradcam, pointing
from aurora_gradcam.gradcam.maps import explain
from aurora_gradcam.gradcam.overlays import overlay
from aurora_gradcam.tables.cams import CAM_BASELINES_TABLE, CAMS_TABLE
from aurora_gradcam.tables.frames import FRAMES_TABLE
from aurora_gradcam.tables.predictions import PREDICTIONS_TABLE
from aurora_gradcam.training.network import ModelCard, build, load_classifier, save
from aurora_gradcam.training.transforms import for_evaluation

PARAMS = config.GradCam(frames_per_condition=2, frames_per_outcome=3)


def classified(*rows: tuple[str, int, float]) -> pd.DataFrame:
    """Frames (night, number, p_aurora), all Night x No_Moon."""
    table = pd.DataFrame(rows, columns=["night", "number", "p_aurora"])
    table["frame_id"] = [f"{night}-{number:05d}" for night, number in zip(table["night"], table["number"], strict=True)]
    return table.assign(is_aurora=table["p_aurora"] >= 0.5, sun_class="Night", moon_class="No_Moon")


def test_the_most_confident_come_first_and_every_night_gives_one_before_any_gives_two():
    frames = classified(("20240201", 1, 0.99), ("20240201", 2, 0.98), ("20240201", 3, 0.2), ("20240202", 1, 0.6))
    picked = chosen.most_confident(frames, True, 3)["frame_id"].tolist()
    assert picked == ["20240201-00001", "20240202-00001", "20240201-00002"]
    assert chosen.most_confident(frames, True, 1)["frame_id"].tolist() == picked[:1]


def test_a_confident_no_has_a_low_probability():
    frames = classified(("20240201", 1, 0.4), ("20240202", 1, 0.1), ("20240203", 1, 0.9))
    assert chosen.most_confident(frames, False, 5)["p_aurora"].tolist() == [0.1, 0.4]


@pytest.mark.parametrize("is_aurora", [True, False])
def test_equal_confidence_is_decided_by_frame_id_whatever_the_order_of_the_table(is_aurora):
    p = 0.9 if is_aurora else 0.1
    frames = classified(*[(f"2024020{night}", number, p) for night in (3, 1, 2) for number in (5, 4)])
    for order in (frames, frames[::-1], frames.sample(frac=1, random_state=4)):
        found = chosen.most_confident(order.reset_index(drop=True), is_aurora, 4)["frame_id"].tolist()
        assert found == ["20240201-00004", "20240202-00004", "20240203-00004", "20240201-00005"]


def test_a_condition_gives_half_yes_and_half_no_and_the_odd_one_is_yes():
    frames = classified(*[(f"202402{night:02d}", 1, night / 20) for night in range(1, 20)])
    labelled = pd.DataFrame({"frame_id": [], "label": [], "split": []}, dtype="str")
    count, picked = chosen.groups(frames, labelled, config.GradCam(frames_per_condition=3))["Night x No_Moon"]
    assert (count, picked["p_aurora"].tolist()) == (3, [0.95, 0.9, 0.05])


def test_outcomes_are_those_of_labelled_test_frames_by_confidence(capsys):
    frames = classified(
        *[("20240201", number, p) for number, p in enumerate((0.9, 0.8, 0.3, 0.2, 0.7, 0.6, 0.1, 0.95))]
    )
    labels, splits = ["yes", "no"] * 4, ["test"] * 6 + ["train", "val"]
    labelled = pd.DataFrame({"frame_id": frames["frame_id"], "label": labels, "split": splits})
    rows = chosen.choose(frames, labelled, PARAMS)
    outcomes = rows[rows["chosen_as"].isin(chosen.OUTCOMES)].groupby("chosen_as")["p_aurora"].agg(list).to_dict()
    assert outcomes == {
        "true positive": [0.9, 0.7],
        "false positive": [0.8, 0.6],
        "false negative": [0.3],
        "true negative": [0.2],
    }
    said = capsys.readouterr().err.strip()
    assert said.count("\n") == 0
    assert said.startswith("warning: chosen: 12 of 13 groups are short of frames (Astronomical x No_Moon 0 of 2")
    assert "true negative 1 of 3" in said


def test_without_a_test_split_outcomes_come_from_val():
    frames = classified(("20240201", 1, 0.9), ("20240202", 1, 0.8))
    labelled = pd.DataFrame({"frame_id": frames["frame_id"], "label": "yes", "split": ["train", "val"]})
    assert chosen.groups(frames, labelled, PARAMS)["true positive"][1]["p_aurora"].tolist() == [0.8]


def nights_split(**split: str) -> pd.DataFrame:
    return pd.DataFrame({"night": [name[1:] for name in split], "split": list(split.values())}, dtype="str")


def test_measured_frames_are_called_aurora_and_come_from_nights_that_were_not_learnt_from():
    frames = classified(*[(f"2024020{night}", number, number / 10) for night in range(1, 7) for number in range(10)])
    split = nights_split(n20240201="train", n20240202="val", n20240203="test")
    found = chosen.measured(frames, split, 8, seed=1)
    assert found["is_aurora"].all()
    unseen = {"20240203", "20240204", "20240205", "20240206"}
    assert set(found["night"][:4]) == set(found["night"][4:]) == unseen  # every night before any twice
    assert chosen.measured(frames, split, 3, seed=1)["frame_id"].tolist() == found["frame_id"].tolist()[:3]
    shuffled = frames.sample(frac=1, random_state=3).reset_index(drop=True)
    assert chosen.measured(shuffled, split, 8, seed=1)["frame_id"].tolist() == found["frame_id"].tolist()
    assert chosen.measured(frames, split, 99, seed=1)["frame_id"].nunique() == 4 * 5


def test_measured_frames_are_drawn_at_random_and_not_by_confidence():
    frames = classified(*[("20240201", number, 0.5 + number / 1000) for number in range(400)])
    seeds = [chosen.measured(frames, nights_split(), 50, seed)["p_aurora"].mean() for seed in range(20)]
    assert np.mean(seeds) == pytest.approx(frames["p_aurora"].mean(), abs=0.02)
    assert len(set(seeds)) == 20


def test_without_an_unlearnt_night_all_are_drawn_from():
    frames = classified(("20240201", 1, 0.9), ("20240202", 1, 0.8))
    split = nights_split(n20240201="train", n20240202="val")
    assert len(chosen.measured(frames, split, 5, seed=1)) == 2


@pytest.fixture(scope="module")
def weights() -> torch.nn.Module:
    """An untrained network that has met one batch, so that its maps are more than rounding."""
    network = build("efficientnet_b0", seed=2).train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        network(torch.nn.functional.interpolate(torch.randn(8, 3, 5, 5), size=(64, 64), mode="bilinear"))
    return network


@pytest.fixture
def project(tiny_project, weights, monkeypatch) -> pd.DataFrame:
    """The tiny project with a classifier and drawn predictions, right for about four labelled frames in five."""
    for name, count in (("MEASURED_FRAMES", 4), ("REMOVED_FRAMES", 2), ("RANDOMISED_FRAMES", 1)):
        monkeypatch.setattr(gradcam, name, count)
    save(weights, ModelCard(backbone="efficientnet_b0", image_size=64))
    frames = FRAMES_TABLE.read("2024-02")
    good = frames[frames["status"] == "ok"]
    generator = np.random.default_rng(6)
    actual = good["frame_id"].map(tiny_project.set_index("frame_id")["label"]) == "yes"
    called = actual ^ (generator.random(len(good)) < 0.2)
    p_aurora = np.where(called, 0.5, 0) + generator.random(len(good)) * 0.49
    columns = {"frame_id": good["frame_id"], "logit_no": 0, "logit_yes": np.log(p_aurora / (1 - p_aurora))}
    PREDICTIONS_TABLE.write(pd.DataFrame({**columns, "p_aurora": p_aurora, "is_aurora": called}))
    return tiny_project


def loaded(*assignments: str) -> config.Params:
    return config.load(assignments=["gradcam.frames_per_condition=1", "gradcam.frames_per_outcome=1", *assignments])


def content() -> dict[str, bytes]:
    written = [CAMS_TABLE.path(), CAM_BASELINES_TABLE.path(), gradcam.EXPLANATIONS]
    paths = [*gradcam.GRADCAM.rglob("*"), *written]
    return {str(path): path.read_bytes() for path in paths if path.is_file()}


def test_the_stage_writes_maps_overlays_and_scores_of_each_chosen_frame(project):
    gradcam.run(loaded("gradcam.layers=[features.8, layercam@features.5]"))
    cams = CAMS_TABLE.read()
    frame_ids = sorted(cams["frame_id"].unique())
    assert set(cams["chosen_as"]) == {condition_name(*c) for c in CONDITIONS} | {
        *chosen.OUTCOMES,
        chosen.MEASURED,
    }
    assert len(cams) == (9 + 4 + 4) * 4  # each group's one frame, and four measured ones, for two classes and two maps
    assert sorted(path.name for path in (gradcam.GRADCAM / "maps").iterdir()) == [f"{i}.npz" for i in frame_ids]
    overlays = sorted(path.name for path in (gradcam.GRADCAM / "overlays").iterdir())
    assert overlays == [f"{frame_id}_{target}.jpg" for frame_id in frame_ids for target in ("no", "yes")]
    p_aurora = PREDICTIONS_TABLE.read().set_index("frame_id")["p_aurora"]
    assert (cams["p_aurora"].to_numpy() == p_aurora[cams["frame_id"]].to_numpy()).all()

    network, card = load_classifier()
    frame_id = cams.groupby("frame_id")["heat_in_circle"].count().idxmax()  # few of its maps are of zeros
    defined = 0
    picture = read_frame(frame_id)
    batch = for_evaluation(card.image_size, card.mean, card.std)(picture)[None]
    with np.load(gradcam.GRADCAM / "maps" / f"{frame_id}.npz") as stored:
        assert sorted(stored) == [
            f"{target}@{name}" for target in ("no", "yes") for name in ("gradcam@features.8", "layercam@features.5")
        ]
        for name in stored:
            target, method, layer = name.split("@")
            heat = explain(network, batch, target, layer, method)[0]
            assert stored[name].dtype == np.float16 and stored[name].shape == (16, 16)
            np.testing.assert_allclose(stored[name], heat[2::4, 2::4], atol=2e-3)
            row = cams[(cams["frame_id"] == frame_id) & (cams["target"] == target) & (cams["layer"] == layer)].iloc[0]
            share = heat[is_inside(64)].sum() / heat.sum() if heat.any() else np.nan
            assert row["heat_in_circle"] == pytest.approx(share, abs=1e-4, nan_ok=True)
            defined += heat.any()
        assert defined >= 2
    drawn = overlay(picture, explain(network, batch, "yes", "features.8")[0]).astype(float)
    with Image.open(gradcam.GRADCAM / "overlays" / f"{frame_id}_yes.jpg") as image:
        assert image.format == "JPEG"
        assert np.abs(np.asarray(image, float) - drawn).mean() < 3  # no more than JPG's loss


def test_a_second_run_gives_the_same_bytes_and_leaves_nothing_of_an_older_one(project):
    gradcam.run(loaded())
    first = content()
    stale = gradcam.GRADCAM / "overlays" / "19990101-00000_yes.jpg"
    stale.write_bytes(b"old")
    gradcam.run(loaded())
    assert content() == first
    assert [path.name for path in Path("data").iterdir() if path.name.startswith(".")] == []


def test_a_run_that_fails_leaves_the_older_results_whole(project, monkeypatch):
    gradcam.run(loaded())
    first = content()

    def fail(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(gradcam, "overlay", fail)
    with pytest.raises(KeyboardInterrupt):
        gradcam.run(loaded())
    assert content() == first
    assert [path.name for path in Path("data").iterdir() if path.name.startswith(".")] == []


def test_frames_without_a_good_picture_are_never_chosen(project):
    predictions = PREDICTIONS_TABLE.read()
    frames = FRAMES_TABLE.read("2024-02")
    damaged = frames.loc[frames["status"] != "ok", "frame_id"]
    assert len(damaged) == 2
    surest = predictions.iloc[:2].assign(frame_id=damaged.to_numpy(), p_aurora=1.0, is_aurora=True)
    PREDICTIONS_TABLE.write(pd.concat([predictions, surest]))
    gradcam.run(loaded("gradcam.classes=[yes]"))
    cams = CAMS_TABLE.read()
    assert not cams["frame_id"].isin(damaged).any()
    assert set(cams["target"]) == {"yes"}


def test_measures_stand_beside_the_maps_that_they_were_taken_of_and_nowhere_else(project):
    masks = {}
    for night in project["night"].unique()[::2]:  # truth of every other night
        ids = [frame_id for frame_id in project["frame_id"] if frame_id.startswith(night)]
        for frame_id in ids:
            masks[frame_id] = np.arange(240)[:, None] < np.full(240, 120 * (frame_id[-2:] != "00"))
        members = [(f"{frame_id}.png", png(masks[frame_id])) for frame_id in ids]
        archive.write(pointing.TRUTH / f"2024-02/{night}_masks.zip", members)
    gradcam.run(loaded("gradcam.layers=[features.8, layercam@features.5]"))
    cams, baselines = CAMS_TABLE.read(), CAM_BASELINES_TABLE.read()

    area = cams.set_index("frame_id")["mask_area"]
    assert area[~area.index.isin(masks)].isna().all() and area.index.isin(masks).any()
    for frame_id, share in area[area.index.isin(masks)].items():
        assert share == pytest.approx(0.5 * (frame_id[-2:] != "00"), abs=0.01)
    assert (cams["energy_in_mask"].notna() <= (cams["mask_area"] > 0)).all()
    uniform = baselines[(baselines["baseline"] == "uniform") & (baselines["mask_area"] > 0)]
    np.testing.assert_allclose(uniform["energy_over_area"], 1)

    measured = cams[cams["chosen_as"] == chosen.MEASURED]
    costly = cams[cams["road"].notna()]  # a map of zeros has none
    assert set(costly["target"]) == {"yes"}
    assert (costly["insertion"].notna() & costly["deletion"].notna()).all()
    removed = set(baselines.loc[baselines["road"].notna(), "frame_id"])
    assert len(removed) == 2 and set(costly["frame_id"]) <= removed <= set(measured["frame_id"])
    assert len(baselines) == 3 * cams["frame_id"].nunique()


def png(mask: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")
    return buffer.getvalue()


def test_no_frames_asked_for_is_an_empty_result(project, monkeypatch):
    gradcam.run(loaded("gradcam.frames_per_condition=0", "gradcam.frames_per_outcome=0"))
    measured = CAMS_TABLE.read()
    assert set(measured["chosen_as"]) <= {chosen.MEASURED}
    monkeypatch.setattr(gradcam, "MEASURED_FRAMES", 0)
    gradcam.run(loaded("gradcam.frames_per_condition=0", "gradcam.frames_per_outcome=0"))
    assert CAMS_TABLE.read().empty and CAM_BASELINES_TABLE.read().empty
    assert json.loads(gradcam.EXPLANATIONS.read_text())["maps"] == {}
    assert list((gradcam.GRADCAM / "maps").iterdir()) == []


def test_missing_predictions_and_an_unknown_layer_are_clear_errors(project, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["gradcam"])
    with pytest.raises(ConfigError, match=r"features\.77.*features\.8"):
        gradcam.run(loaded("gradcam.layers=[features.77]"))
    assert not gradcam.GRADCAM.exists()
    PREDICTIONS_TABLE.path().unlink()
    with pytest.raises(InputError, match="'predictions' is missing"):
        gradcam.run(loaded())
    with pytest.raises(SystemExit) as stop:
        gradcam.main()
    assert stop.value.code == 2
    assert "InputError: the table 'predictions' is missing" in capsys.readouterr().err


def test_classes_may_be_written_without_quotes_and_no_name_stands_twice(project):
    assert loaded("gradcam.classes=[no, yes]").gradcam.classes == ("no", "yes")
    for twice in ("classes=[yes, yes]", "layers=[features.8, features.8]"):
        with pytest.raises(ConfigError, match="listed twice"):
            loaded(f"gradcam.{twice}")
    with pytest.raises(ConfigError, match=r"gradcam\.layers"):
        loaded("gradcam.layers=[]")
