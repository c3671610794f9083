"""The shape of reports/metrics.json, which `dvc metrics diff` compares: keys are added, none is renamed."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict  # typing's own cannot be validated before Python 3.12


class Estimate(TypedDict):
    """A number with its 95 % confidence interval over nights, and what it rests on (`inference.bootstrap.Estimate`).

    All three numbers are None where there are too few nights, and where the number has no definition.
    """

    value: float | None
    low: float | None
    high: float | None
    frames: int
    nights: int
    too_few_nights: NotRequired[bool]
    labelled: NotRequired[int]
    labelled_nights: NotRequired[int]


class DataCounts(TypedDict):
    """What extract gave."""

    nights: int
    frames: int
    frames_bad: int
    months: int


class TimeCounts(TypedDict):
    """Frames by the status of their time."""

    read: int
    repaired: int
    interpolated: int
    failed: int


class LabelCounts(TypedDict):
    """Labelled frames, and frames that wait for a label."""

    labelled: int
    yes: int
    no: int
    to_label: int


class SplitCounts(TypedDict):
    """One set of the split."""

    frames: int
    nights: int
    yes: int
    no: int


class Split(TypedDict):
    """The split by set."""

    policy: str
    train: SplitCounts
    val: SplitCounts
    test: SplitCounts


class Training(TypedDict):
    """The epoch whose weights were kept."""

    best_epoch: int
    epochs: int
    val_loss: float
    val_accuracy: float
    weights: str


class Scores(SplitCounts):
    """The scores of one set, as `inference.scores.split_scores` gives them."""

    accuracy: Estimate
    balanced_accuracy: Estimate
    sensitivity: Estimate
    specificity: Estimate
    precision: Estimate
    f1: Estimate
    auroc: Estimate
    brier: Estimate
    log_loss: Estimate
    ece: Estimate
    tn: int
    fp: int
    fn: int
    tp: int


class Start(TypedDict):
    """The network that training started from on the test set, and the trained one's gain (`inference.start`)."""

    weights: str | None
    scores: Scores | None
    gain: dict[str, Estimate] | None


class Calls(SplitCounts):
    """How often aurora is called; yes and no count calls."""

    yes_share: Estimate
    yes_no_odds: Estimate
    p_aurora_mean: Estimate
    p_aurora_std: Estimate


class Trust(TypedDict):
    """The calls judged by audit labels."""

    labelled_frames: int
    labelled_nights: int
    left_out_frames: int
    left_out_nights: int
    sensitivity: Estimate
    specificity: Estimate
    precision: Estimate
    f1: Estimate
    brier: Estimate
    ece: Estimate


class Condition(Calls, Trust):
    """One illumination condition."""


class AllFrames(Calls):
    """Calls over all frames."""

    frames_outside_conditions: int
    mean_yes_no_odds: Estimate


class Calibration(TypedDict):
    """What was fitted on the validation frames, and the expected calibration error before and after."""

    temperature: float
    threshold: float
    temperature_from: NotRequired[str]
    threshold_from: NotRequired[str]
    val_ece_before: Estimate | None
    val_ece_after: Estimate | None
    test_ece_before: Estimate | None
    test_ece_after: Estimate | None


class Occurrence(TypedDict):
    """The share of frames with aurora by three methods."""

    apparent: Estimate
    rogan_gladen: Estimate
    prediction_powered: Estimate


class CoupledHours(TypedDict):
    """The hours that aurora is counted in, and whether they are enough for chances."""

    hours: int
    nights: int
    hours_with_aurora: int
    seasons: list[int]
    min_nights: int
    enough: bool


class Chances(TypedDict):
    """Scores by method, then by score; with the features of the models."""

    features: list[str]
    held_out_nights: dict[str, dict[str, Estimate]]
    held_out_season: NotRequired[dict[str, dict[str, Estimate]]]


class Coupling(TypedDict):
    """Aurora beside Kp: growth of the log odds by one unit, and chances as nowcast and forecast, where there are."""

    hours: CoupledHours
    kp_slope: NotRequired[Estimate]
    chances: NotRequired[dict[str, Chances]]


class HeadScores(TypedDict):
    """Scores of a further head on one set; `labelled`, `f1`, `auroc` by class, `confusion` by actual, then called."""

    frames: int
    nights: int
    labelled: dict[str, int]
    confusion: dict[str, dict[str, int]]
    accuracy: Estimate
    macro_f1: Estimate
    f1: dict[str, Estimate]
    auroc: dict[str, Estimate]
    ece: Estimate


class StrengthScores(TypedDict):
    """How near the told strength comes to the true one, of frames that show aurora and are called so."""

    frames: int
    nights: int
    within_factor: Estimate
    log_error: Estimate
    log_scatter: NotRequired[Estimate]


class CloudCalls(SplitCounts):
    """How often aurora is called under one cloud of one condition; yes and no count calls."""

    yes_share: Estimate


class Kinds(TypedDict):
    """What the further heads say, each part where there are heads or labels for it (`inference.kind_results`)."""

    heads: NotRequired[dict[str, dict[str, HeadScores]]]
    occurrence: NotRequired[dict[str, Occurrence]]
    occurrence_when_clear: NotRequired[Estimate]
    conditions: NotRequired[dict[str, dict[str, CloudCalls]]]


class RandomisedPart(Estimate):
    """Agreement with the trained network's map once the network is random down to this part."""

    part: str


class Explanations(TypedDict):
    """Measures by map or baseline, then by measure."""

    drawn: str | None
    maps: dict[str, dict[str, Estimate]]
    baselines: dict[str, dict[str, Estimate]]
    randomisation: dict[str, list[RandomisedPart]]


class ReportedSet(TypedDict):
    """The set whose score a policy reports."""

    set: str
    frames: int
    nights: int


class Policies(TypedDict):
    """The scores of both ways to split the same labels, and their gap; of each training the gap in accuracy."""

    night: ReportedSet
    frame: ReportedSet
    scores: dict[str, dict[str, Estimate]]
    accuracy_gap_by_seed: NotRequired[list[float]]


class OtherCamera(TypedDict):
    """The scores on a camera's frames of classifiers that learnt from its own nights and from another's."""

    own: ReportedSet
    other: ReportedSet
    scores: dict[str, dict[str, Estimate]]
    accuracy_gap_by_seed: list[float]


class Cameras(TypedDict):
    """By start and camera, `first` or `second`."""

    first_night_of_second: str
    starts: dict[str, dict[str, OtherCamera]]


class Leakage(TypedDict):
    """How many trainings there are from each start, and what came out, by the name of the weights at the start."""

    seeds: int
    starts: dict[str, Policies]
    cameras: Cameras | None


class Agreement(TypedDict):
    """Labels beside the truth: aurora that was missed, and labelled where there is none."""

    frames: int
    nights: int
    agreement: Estimate
    missed: int
    invented: int


class Coverage(TypedDict):
    """Groups whose occurrence has an interval, and those of them whose interval holds the truth."""

    cells: int
    held: int


class Truth(TypedDict):
    """Under a simulated sky, `against_truth.collect`: by set, by grouping and group, and by method."""

    scores: dict[str, Scores]
    labels: dict[str, Agreement]
    occurrence: dict[str, dict[str, float]]
    coverage: dict[str, Coverage]
    kinds: dict[str, dict[str, HeadScores | StrengthScores]]


class Metrics(TypedDict):
    """The whole file."""

    simulated: bool
    data: DataCounts
    times: TimeCounts
    labels: LabelCounts
    split: Split
    train: Training
    scores: dict[str, Scores]
    start: NotRequired[Start]
    conditions: dict[str, Condition]
    audit: Trust
    calibration: Calibration
    occurrence: dict[str, Occurrence]
    coupling: NotRequired[Coupling | None]
    kinds: NotRequired[Kinds]
    truth: NotRequired[Truth]
    explanations: Explanations
    leakage: Leakage | None
    all_frames: AllFrames
    frames_without_prediction: int
