"""params.yaml as frozen, validated models, one a stage; the defaults are the study's values.

An unknown key or a bad value is refused by its name. What may not change results (processes, device) is not here: it
stands in the environment (`AURORA_WORKERS`, `AURORA_DEVICE`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from .errors import ConfigError, first_problem

PARAMS_FILE = Path("params.yaml")
AURORAMAX = "https://data.phys.ucalgary.ca/sort_by_project/AuroraMAX/rt-movies/mp4"
SUN_CLASSES = ("Night", "Astronomical", "Nautical", "Civil", "Day")
MOON_CLASSES = ("No_Moon", "Moon_Quarter", "Moon_Full")
DARK_SUN_CLASSES = SUN_CLASSES[:3]
CONDITIONS = tuple((sun, moon) for moon in MOON_CLASSES for sun in DARK_SUN_CLASSES)
"""The study's nine illumination conditions as (sun class, moon class)."""

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class Frozen(BaseModel):
    """Base of all parameter models: immutable, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Site(Frozen):
    """Where the camera stands."""

    latitude: Annotated[float, Field(ge=-90, le=90)] = 62.4333
    longitude: Annotated[float, Field(ge=-180, le=180)] = -114.3500
    elevation_m: float = 200.0
    timezone: str = "America/Yellowknife"

    @field_validator("timezone")
    @classmethod
    def known_zone(cls, name: str) -> str:
        """An IANA zone name."""
        try:
            ZoneInfo(name)
        except Exception as error:
            raise ValueError(f"'{name}' is no IANA time zone, such as America/Yellowknife") from error
        return name


class Circle(Frozen):
    """The sky circle in the video's pixels."""

    center: tuple[int, int] = (640, 360)
    radius: Count = 360


class Extract(Frozen):
    """How frames are taken from a night video."""

    file_pattern: str = "*HD_{night}_720p.mp4"
    seconds_per_frame: Positive = 6.0
    nominal_fps: Positive = 25.0
    interval_s: Positive = 60.0
    circle: Circle = Circle()
    crop: Count = 720
    jpeg_quality: Annotated[int, Field(ge=2, le=31)] = 3
    stamp_box: tuple[int, int, int, int] = (820, 664, 452, 56)
    max_bad_fraction: Share = 0.1

    @field_validator("file_pattern")
    @classmethod
    def names_the_night(cls, pattern: str) -> str:
        """A glob pattern with {night} where the date stands."""
        if pattern.count("{night}") != 1:
            raise ValueError("must hold {night} once, where the date YYYYMMDD stands in the file name")
        return pattern


class OcrUtc(Frozen):
    """How on-frame times are read and turned into UTC."""

    formats: tuple[str, ...] = ("%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S")
    zones: dict[str, float] = {"MST": -7.0, "MDT": -6.0}
    days_around_night: Annotated[int, Field(ge=0)] = 1
    max_gap_s: Positive = 900.0
    tolerance_s: Positive = 3.0
    strips_per_page: Count = 24
    max_bad_fraction: Share = 0.2

    @field_validator("formats")
    @classmethod
    def whole_times(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        """Every format holds year, month, day, hour, minute and second once, as digits."""
        for form in formats:
            if sorted(re.findall(r"%(.)", form)) != sorted("YmdHMS"):
                raise ValueError(f"'{form}' must hold %Y %m %d %H %M %S once each and no other field")
        if not formats:
            raise ValueError("list at least one, such as '%Y-%m-%d %H:%M:%S'")
        return formats


class MoonRule(Frozen):
    """A moon class holds from this folded phase angle (180 = full) and above this altitude, in degrees."""

    phase_angle: Annotated[float, Field(ge=0, le=180)]
    altitude: Annotated[float, Field(ge=-90, le=90)]


class Illuminate(Frozen):
    """Sun and moon classes."""

    ephemeris: str = "de421.bsp"
    sun_edges: tuple[float, float, float, float] = (-18.0, -12.0, -6.0, 0.0)
    moon_full: MoonRule = MoonRule(phase_angle=150, altitude=5)
    moon_quarter: MoonRule = MoonRule(phase_angle=45, altitude=10)

    @field_validator("sun_edges")
    @classmethod
    def rising(cls, edges: tuple[float, ...]) -> tuple[float, ...]:
        """Edges from night to day."""
        if list(edges) != sorted(set(edges)):
            raise ValueError("must rise from night to day, such as [-18, -12, -6, 0]")
        return edges


class Condition(Frozen):
    """One illumination condition."""

    sun: Literal["Night", "Astronomical", "Nautical", "Civil", "Day"]
    moon: Literal["No_Moon", "Moon_Quarter", "Moon_Full"]


class SampleLabel(Frozen):
    """Which frames are to be labelled."""

    conditions: Annotated[tuple[Condition, ...], Field(min_length=1)] = (Condition(sun="Night", moon="No_Moon"),)
    per_night_max: Count = 20
    night_fraction_max: Share = 0.5
    audit_per_condition: Annotated[int, Field(ge=0)] = 20


class Fractions(Frozen):
    """Shares of the nights (policy night) or of each night's frames (policy frame: train and val only)."""

    train: Share = 0.6
    val: Share = 0.2
    test: Share = 0.2

    @model_validator(mode="after")
    def whole(self) -> Fractions:
        """Shares add up to 1."""
        if abs(self.train + self.val + self.test - 1) > 1e-9:
            raise ValueError("train, val and test must add up to 1")
        return self


class Split(Frozen):
    """How labelled frames are divided."""

    policy: Literal["night", "frame"] = "night"
    fractions: Fractions = Fractions()
    balance: bool = True


class Augmentation(Frozen):
    """Random changes of training frames."""

    crop_scale: tuple[float, float] = (0.8, 1.0)
    flip: Share = 0.5
    brightness: Annotated[float, Field(ge=0)] = 0.3
    contrast: Annotated[float, Field(ge=0)] = 0.3
    saturation: Annotated[float, Field(ge=0)] = 0.3


class Train(Frozen):
    """How the classifier is trained.

    `normalisation` of the levels is `imagenet` (fixed mean and deviation, as in the study) or `frame` (every frame by
    its own, as the sky weights want it). BatchNorm's `statistics` are those of each `batch` and then of the training
    frames, as in the study, or `kept` as they came with the weights. `threshold` is the calibrated probability from
    which a frame is called aurora: `val` has the validation frames choose it, a number fixes it.
    """

    backbone: Literal["efficientnet_b0", "efficientnet_b1", "efficientnet_b2"] = "efficientnet_b1"
    weights: str = "imagenet"
    normalisation: Literal["imagenet", "frame"] = "imagenet"
    statistics: Literal["batch", "kept"] = "batch"
    image_size: Count = 240
    batch_size: Count = 16
    frozen_epochs: Annotated[int, Field(ge=0)] = 6
    finetune_epochs: Annotated[int, Field(ge=0)] = 6
    learning_rate: Positive = 3e-4
    finetune_factor: Positive = 0.1
    augmentation: Augmentation = Augmentation()
    select_by: Literal["val_loss", "val_accuracy"] = "val_loss"
    threshold: Literal["val"] | Annotated[float, Field(gt=0, lt=1)] = "val"

    @model_validator(mode="after")
    def some_epochs(self) -> Train:
        """At least one epoch in all."""
        if self.frozen_epochs + self.finetune_epochs < 1:
            raise ValueError("frozen_epochs and finetune_epochs are both 0: nothing would be trained")
        return self

    @model_validator(mode="after")
    def random_weights_have_no_statistics(self) -> Train:
        """Mean 0 and variance 1 of a network that has seen nothing are not worth keeping."""
        if self.weights == "none" and self.statistics == "kept":
            raise ValueError("weights none bring no statistics to keep: set statistics: batch")
        return self

    @model_validator(mode="after")
    def sky_weights_are_met_as_they_learnt(self) -> Train:
        """The sky weights know frames normalised by themselves alone."""
        if self.weights == "sky" and self.normalisation != "frame":
            raise ValueError("weights sky were learnt from frames normalised by themselves: set normalisation: frame")
        return self


class Evaluate(Frozen):
    """How frames are classified."""

    batch_size: Count = 32


class GradCam(Frozen):
    """Which frames are explained, and where in the network."""

    layers: Annotated[tuple[str, ...], Field(min_length=1)] = ("layercam@features.4", "features.8")
    classes: Annotated[tuple[Literal["no", "yes"], ...], Field(min_length=1)] = ("yes", "no")
    frames_per_condition: Annotated[int, Field(ge=0)] = 2
    frames_per_outcome: Annotated[int, Field(ge=0)] = 4

    @field_validator("classes", mode="before")
    @classmethod
    def words(cls, classes: Any) -> Any:
        """YAML takes a bare yes or no for true or false; here the words are meant."""
        if not isinstance(classes, list | tuple):
            return classes
        return [("no", "yes")[item] if isinstance(item, bool) else item for item in classes]

    @field_validator("layers", "classes")
    @classmethod
    def distinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """No layer and no class twice."""
        if len(set(names)) != len(names):
            raise ValueError("a name is listed twice")
        return names


class Report(Frozen):
    """How figures and thesis look."""

    title: str = "Aurora detection in all-sky imagery"
    figure_dpi: Count = 150


class Fetch(Frozen):
    """Where night videos are downloaded from.

    `addresses` are tried in order: {year}, {month}, {day} and {night} stand for the date of the morning, {size} for
    480p, 720p or 1080p. The defaults are AuroraMAX's archive; nights of early years lie one folder deeper.
    """

    addresses: Annotated[tuple[str, ...], Field(min_length=1)] = (
        f"{AURORAMAX}/{{year}}/{{month}}/{{day}}/auroramaxHD_{{night}}_{{size}}.mp4",
        f"{AURORAMAX}/{{year}}/{{month}}/{{day}}/yknf_slr-12/auroramaxHD_{{night}}_{{size}}.mp4",
    )
    at_once: Annotated[int, Field(ge=1, le=4)] = 2

    @field_validator("addresses")
    @classmethod
    def names_the_night(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Web addresses, one for each night."""
        for address in addresses:
            if not re.match(r"https?://", address) or "{night}" not in address:
                raise ValueError(f"'{address}' must begin with http:// or https:// and hold {{night}}")
            if unknown := set(re.findall(r"{(.*?)}", address)) - {"year", "month", "day", "night", "size"}:
                raise ValueError(
                    f"'{address}' holds {{{min(unknown)}}}: use {{year}} {{month}} {{day}} {{night}} {{size}}"
                )
        return addresses


class Predict(Frozen):
    """How pictures that are no frames of a night video are read.

    `image_time` finds the time in a picture's file name, with the fields of strptime, anywhere in the name; empty: the
    names hold no time. `image_zone` is the zone of that time.
    """

    image_time: str = "%Y%m%d%H%M%S"
    image_zone: str = "UTC"

    @field_validator("image_zone")
    @classmethod
    def known_zone(cls, name: str) -> str:
        """An IANA zone name."""
        return Site.known_zone(name)


class SkyAugmentation(Frozen):
    """Random changes of simulated frames; 0 leaves a frame as it is.

    `rotation` in degrees either way; `flip`, `grey` and `erase` are chances; `zoom`, `balance`, `brightness`,
    `contrast`, `gamma` and `saturation` are natural logarithms of the largest factor either way; `shift` and `circle`
    (how much the sky circle may shrink) are in radii of the sky circle; `blur` is in pixels, `noise` a share of white.
    """

    rotation: Annotated[float, Field(ge=0, le=180)] = 180.0
    flip: Share = 0.5
    zoom: Share = 0.1
    shift: Share = 0.04
    circle: Annotated[float, Field(ge=0, lt=1)] = 0.06
    balance: Share = 0.2
    brightness: Share = 0.3
    contrast: Share = 0.2
    gamma: Share = 0.3
    saturation: Share = 0.4
    grey: Share = 0.08
    blur: Annotated[float, Field(ge=0, le=3)] = 1.0
    noise: Share = 0.02
    erase: Share = 0.2


class PretrainStage(Frozen):
    """Rounds of pretraining at one size of picture, in pixels."""

    size: Annotated[int, Field(ge=32)]
    rounds: Count


class HeadWeights(Frozen):
    """Weights of the losses of the heads beside the aurora's, whose own weight is 1; 0 leaves a head untrained."""

    cloud: Annotated[float, Field(ge=0)] = 0.2
    form: Annotated[float, Field(ge=0)] = 0.2
    strength: Annotated[float, Field(ge=0)] = 0.2


class Pretrain(Frozen):
    """How the network is pretrained on simulated skies.

    A round draws `frames_per_round` new frames and shows each `passes` times. `steepness` is k of the soft label
    sigmoid(k ln visibility), `mask_weight` the weight of outlining the aurora beside the class, `head_weights` those of
    the further heads. `warm_up` is the share of all steps until the full learning rate, `average_decay` that of the
    running mean of the weights. `statistics_frames` and `held_out_frames` are drawn for the finished weights alone.
    """

    backbone: Literal["efficientnet_b0", "efficientnet_b1", "efficientnet_b2"] = "efficientnet_b1"
    image_size: Count = 240
    stages: Annotated[tuple[PretrainStage, ...], Field(min_length=1)] = (
        PretrainStage(size=96, rounds=50),
        PretrainStage(size=128, rounds=34),
        PretrainStage(size=160, rounds=12),
        PretrainStage(size=240, rounds=4),
    )
    frames_per_round: Annotated[int, Field(ge=8, multiple_of=4)] = 2048
    passes: Count = 1
    batch_size: Annotated[int, Field(ge=2)] = 16
    learning_rate: Positive = 2e-3
    warm_up: Share = 0.05
    weight_decay: Annotated[float, Field(ge=0)] = 0.02
    clip_norm: Positive = 1.0
    average_decay: Annotated[float, Field(ge=0, lt=1)] = 0.998
    steepness: Positive = 4.0
    mask_weight: Annotated[float, Field(ge=0)] = 1.0
    head_weights: HeadWeights = HeadWeights()
    augmentation: SkyAugmentation = SkyAugmentation()
    statistics_frames: Annotated[int, Field(ge=8, multiple_of=4)] = 2048
    held_out_frames: Annotated[int, Field(ge=8, multiple_of=4)] = 2048

    @model_validator(mode="after")
    def frames_are_reduced(self) -> Pretrain:
        """No stage is larger than the frames are drawn."""
        if max(stage.size for stage in self.stages) > self.image_size:
            raise ValueError("a stage's size exceeds image_size, at which the frames are drawn")
        return self

    @property
    def rounds(self) -> int:
        """Rounds of all stages together."""
        return sum(stage.rounds for stage in self.stages)

    def size_of(self, number: int) -> int:
        """Size in pixels of the pictures of round `number`, counted from 0."""
        sizes = [stage.size for stage in self.stages for _ in range(stage.rounds)]
        return sizes[number]


class Params(Frozen):
    """The whole of params.yaml."""

    site: Site = Site()
    months: tuple[Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")], ...] = ()
    seed: Annotated[int, Field(ge=0)] = 42
    extract: Extract = Extract()
    ocr_utc: OcrUtc = OcrUtc()
    illuminate: Illuminate = Illuminate()
    sample_label: SampleLabel = SampleLabel()
    split: Split = Split()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()
    gradcam: GradCam = GradCam()
    report: Report = Report()
    fetch: Fetch = Fetch()
    predict: Predict = Predict()
    pretrain: Pretrain = Pretrain()

    @field_validator("months")
    @classmethod
    def distinct(cls, months: tuple[str, ...]) -> tuple[str, ...]:
        """No month twice."""
        if len(set(months)) != len(months):
            raise ValueError("a month is listed twice")
        return months


def _assign(tree: dict[str, Any], assignment: str) -> None:
    key, equals, text = assignment.partition("=")
    if not equals or not key:
        raise ConfigError(f"'{assignment}' is no key=value", "--set", "write it like extract.circle.radius=240")
    *parents, last = key.strip().split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"'{parent}' in '{key}' holds a value and has no keys below it", "--set")
    try:
        tree[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"the value of '{key}' is no YAML", f"--set {assignment}", "quote it") from error


def load(path: Path = PARAMS_FILE, assignments: Sequence[str] = ()) -> Params:
    """Read and check a params file.

    Parameters
    ----------
    path : a YAML file; keys it leaves out take the study's values.
    assignments : `dotted.key=YAML value` texts that override the file (`--set`).

    Raises
    ------
    ConfigError : no such file, no YAML, an unknown key or a bad value, named by its dotted key.
    """
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError as error:
        raise ConfigError("no such params file", path, "run in the repository's root or give --params FILE") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"not readable as YAML: {' '.join(str(error).split())}", path) from error
    if not isinstance(tree, dict):
        raise ConfigError("a params file is a mapping of sections", path)
    for assignment in assignments:
        _assign(tree, assignment)
    try:
        return Params.model_validate(tree)
    except ValidationError as error:
        key, message = first_problem(error)
        fix = "see params.yaml for the keys there are" if "Extra inputs" in message else ""
        message = "unknown key" if fix else message.removeprefix("Value error, ")
        raise ConfigError(f"{key}: {message}", path, fix) from error
