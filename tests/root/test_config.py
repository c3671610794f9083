from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from aurora_gradcam import config
from aurora_gradcam.conditions import CONDITIONS
from aurora_gradcam.errors import ConfigError

ROOT = Path(__file__).parents[2]


def test_the_repository_params_are_valid():
    assert config.load(ROOT / "params.yaml").site.timezone == "America/Yellowknife"


def test_defaults_are_the_study():
    params = config.Params()
    assert (params.train.frozen_epochs, params.train.finetune_epochs, params.train.learning_rate) == (6, 6, 3e-4)
    assert params.illuminate.sun_edges == (-18, -12, -6, 0)
    assert (params.sample_label.per_night_max, params.sample_label.night_fraction_max) == (20, 0.5)
    assert len(CONDITIONS) == 9


@pytest.mark.parametrize(
    ("assignment", "named"),
    [
        ("extract.radius=3", "extract.radius: unknown key"),
        ("extract.circle.radius=-3", "extract.circle.radius"),
        ("site.timezone=Mars/Olympus", "Mars/Olympus"),
        ("illuminate.sun_edges=[0, -6, -12, -18]", "must rise"),
        ("split.policy=random", "split.policy"),
        ("split.fractions.train=0.9", "add up to 1"),
        ("months=['2024-13']", "months"),
        ("months=[2024-02, 2024-02]", "listed twice"),
        ("extract.file_pattern='*.mp4'", "{night}"),
        ("extract.file_pattern=*.mp4", "is no YAML"),
        ("train", "no key=value"),
        ("seed.deep=1", "holds a value"),
        ("train.threshold=1.5", "train.threshold"),
        ("train.threshold=test", "train.threshold"),
        ("evaluate.threshold=0.5", "evaluate.threshold: unknown key"),
        ("train.normalisation=imagenet", "normalisation: frame"),
        ("pretrain.stages=[{size: 300, rounds: 1}]", "exceeds image_size"),
        ("train.weights=none", "statistics: batch"),
        ("train={frozen_epochs: 0, finetune_epochs: 0}", "nothing would be trained"),
    ],
)
def test_bad_values_are_refused_by_name(assignment, named):
    with pytest.raises(ConfigError) as caught:
        config.load(ROOT / "params.yaml", [assignment])
    assert named in str(caught.value)


def test_an_assignment_overrides_the_file():
    assert config.load(ROOT / "params.yaml", ["extract.circle.radius=240"]).extract.circle.radius == 240


@pytest.mark.parametrize(("text", "value"), [("val", "val"), ("0.5", 0.5)])
def test_the_threshold_is_chosen_on_val_or_a_number(text, value):
    assert config.load(ROOT / "params.yaml", [f"train.threshold={text}"]).train.threshold == value


def test_no_params_file(tmp_path):
    with pytest.raises(ConfigError, match="no such params file"):
        config.load(tmp_path / "params.yaml")


def test_a_params_file_that_is_no_yaml(tmp_path):
    (tmp_path / "p.yaml").write_text("a: [1")
    with pytest.raises(ConfigError, match="not readable as YAML"):
        config.load(tmp_path / "p.yaml")


def keys_left_out(model: BaseModel, place: str = "") -> list[str]:
    """Dotted keys of a model, and of the models in it, that its file did not set."""
    left_out = [f"{place}{name}" for name in sorted(set(type(model).model_fields) - model.model_fields_set)]
    for name in type(model).model_fields:
        value = getattr(model, name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, BaseModel):
                left_out += keys_left_out(part, f"{place}{name}.")
    return left_out


def test_params_yaml_sets_every_key_so_that_dvc_sees_every_value():
    assert keys_left_out(config.load(ROOT / "params.yaml")) == []


def test_keys_left_out_are_found_in_nested_models():
    partial = config.Params.model_validate({"extract": {"circle": {"radius": 3}}})
    assert "extract.circle.center" in keys_left_out(partial)
    assert "seed" in keys_left_out(partial)


@pytest.mark.parametrize(("extract", "crop"), [({}, 720), ({"circle": {"radius": 240}}, 480), ({"crop": None}, 720)])
def test_the_crop_takes_in_the_circle_unless_given(extract, crop):
    assert config.Extract.model_validate(extract).crop == crop
    assert config.Extract.model_validate({**extract, "crop": 100}).crop == 100


def test_params_are_frozen():
    with pytest.raises(Exception, match="frozen"):
        config.Params().seed = 3
