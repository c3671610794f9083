"""params.yaml as frozen, validated models, a file a stage.

params.yaml lists every key, so that DVC sees each value: a stage depends on its params and not on this package, which
holds no logic that could change a result. The defaults serve camera files, which list only what differs from AuroraMAX.
An unknown key or a bad value is refused by its name. What must not change results (processes, device) is not here: it
is set in the environment (`AURORA_WORKERS`, `AURORA_DEVICE`).
"""

from .base import Count, Frozen, Positive, Share
from .couple import Couple
from .evaluate import Evaluate
from .extract import Circle, Extract
from .fetch import Fetch, Indices
from .gradcam import GradCam
from .illuminate import Illuminate, MoonRule
from .leakage import Leakage
from .ocr_utc import OcrUtc
from .params import PARAMS_FILE, Params, load
from .predict import Predict
from .pretrain import HeadWeights, Pretrain, PretrainStage, SkyAugmentation
from .report import Report
from .sample_label import Condition, SampleLabel
from .site import Site
from .split import Fractions, Split
from .train import Augmentation, Train
from .watch import Mqtt, Watch

__all__ = [
    "PARAMS_FILE",
    "Augmentation",
    "Circle",
    "Condition",
    "Count",
    "Couple",
    "Evaluate",
    "Extract",
    "Fetch",
    "Fractions",
    "Frozen",
    "GradCam",
    "HeadWeights",
    "Illuminate",
    "Indices",
    "Leakage",
    "MoonRule",
    "Mqtt",
    "OcrUtc",
    "Params",
    "Positive",
    "Predict",
    "Pretrain",
    "PretrainStage",
    "Report",
    "SampleLabel",
    "Share",
    "Site",
    "SkyAugmentation",
    "Split",
    "Train",
    "Watch",
    "load",
]
