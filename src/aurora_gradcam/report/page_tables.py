"""The tables of the page's results, made of metrics.json alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .page_numbers import Cell, Numbers, Table, basis, estimate, plain, whole

SETS = {"train": "training", "val": "validation", "test": "test"}
SCORES = {
    "accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "sensitivity": "sensitivity (recall)",
    "specificity": "specificity", "precision": "precision", "f1": "F1", "auroc": "AUROC", "brier": "Brier score",
    "log_loss": "log loss", "ece": "expected calibration error",
}  # fmt: skip
MEASURES = {
    "heat_in_circle": "heat inside the sky circle", "energy_in_mask": "heat on aurora",
    "energy_over_area": "heat on aurora over its area", "pointing_hit": "hottest place on aurora",
    "road": "ROAD", "insertion": "insertion", "deletion": "deletion (lower is better)",
    "shift_agreement": "agreement after a shift",
}  # fmt: skip
OCCURRENCE = {
    "apparent": "as called", "rogan_gladen": "Rogan-Gladen", "prediction_powered": "prediction-powered",
}  # fmt: skip


def by_split(scores: Numbers) -> Table:
    """Scores of training, validation and test frames."""
    rows: list[list[Cell | str]] = [["frames / nights", *(basis(scores[name]) for name in SETS)]]
    rows += [[text, *(estimate(scores[name].get(key)) for name in SETS)] for key, text in SCORES.items()]
    return Table("scores", "Scores by set; yes is the positive class.", ["score", *SETS.values()], rows)


def confusion(score: Numbers, set_name: str) -> Table:
    """Labels against calls of one set."""
    rows = [
        ["labelled yes", whole(score["tp"]), whole(score["fn"])],
        ["labelled no", whole(score["fp"]), whole(score["tn"])],
    ]
    return Table("confusion", f"Calls of the {set_name} frames.", ["", "called yes", "called no"], rows)


def by_condition(conditions: Numbers) -> Table:
    """How often aurora is called in the nine conditions."""
    heads = ["condition", "frames / nights", "yes", "no", "share of yes", "odds yes / no", "mean P(yes)"]
    rows = [
        [plain(name), basis(of), whole(of["yes"]), whole(of["no"])]
        + [estimate(of[key]) for key in ("yes_share", "yes_no_odds", "p_aurora_mean")]
        for name, of in conditions.items()
    ]
    return Table("conditions", "Calls in the nine illumination conditions, over all frames.", heads, rows)


def audit(conditions: Numbers, together: Numbers) -> Table:
    """How far the calls can be trusted in each condition, from audit labels."""
    keys = ("sensitivity", "specificity", "precision", "f1", "brier", "ece")
    heads = [
        "condition",
        "labelled frames / nights",
        "left out frames / nights",
        "sensitivity",
        "specificity",
        "precision",
        "F1",
    ]
    rows = [
        [plain(name), basis(of, "labelled_frames", "labelled_nights"), basis(of, "left_out_frames", "left_out_nights")]
        + [estimate(of[key]) for key in keys]
        for name, of in [*conditions.items(), ("all nine, weighted", together)]
    ]
    return Table("audit", "The calls judged by audit labels.", [*heads, "Brier score", "calibration error"], rows)


def calibration(of: Numbers) -> Table:
    """The expected calibration error before and after temperature scaling."""
    rows = [
        [SETS[name], *(estimate(of[f"{name}_ece_{when}"]) for when in ("before", "after"))] for name in ("val", "test")
    ]
    caption = "Expected calibration error, before and after temperature scaling."
    return Table("calibration", caption, ["set", "before", "after"], rows)


def occurrence(of: Numbers) -> Table:
    """The share of frames with aurora, as called and corrected by audit labels."""
    rows = [
        ["all nine" if name == "all" else plain(name), basis(by["apparent"])]
        + [basis(by["prediction_powered"], "labelled", "labelled_nights")]
        + [estimate(by[method]) for method in OCCURRENCE]
        for name, by in of.items()
    ]
    heads = ["condition", "frames / nights", "labelled frames / nights", *OCCURRENCE.values()]
    return Table("occurrence", "Share of frames with visible aurora.", heads, rows)


def leakage(of: Numbers) -> Table:
    """The same labels under both ways to split, and the gap."""
    rows = [
        [SCORES[name], *(estimate(score[key]) for key in ("night", "frame", "gap"))]
        for name, score in of["scores"].items()
    ]
    heads = ["score", f"whole nights ({SETS[of['night']['set']]})", f"frames ({SETS[of['frame']['set']]})", "gap"]
    return Table("leakage", "Scores under both ways to split the same labels.", heads, rows)


def maps(explanations: Numbers) -> Table:
    """The measures of the maps beside those of the baselines."""
    columns = {**explanations["maps"], **explanations["baselines"]}
    rows = [[text, *(estimate(of.get(key)) for of in columns.values())] for key, text in MEASURES.items()]
    heads = ["measure", *(plain(name.replace("@", " of ")) for name in columns)]
    caption = f"Maps for yes: of the classifier (first {len(explanations['maps'])}) and of baselines."
    return Table("maps", caption, heads, rows)


def randomised(curves: Mapping[str, Sequence[Numbers]]) -> Table:
    """What is left of the maps as the network forgets, from the head downwards."""
    parts = list(dict.fromkeys(point["part"] for curve in curves.values() for point in curve))
    found = {name: {point["part"]: point for point in curve} for name, curve in curves.items()}
    rows = [[part, *(estimate(points.get(part)) for points in found.values())] for part in parts]
    heads = ["set back to random, from the head down", *(plain(name.replace("@", " of ")) for name in found)]
    return Table("randomisation", "Rank correlation with the map of the trained network.", heads, rows)
