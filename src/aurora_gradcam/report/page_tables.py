"""The tables of the page: results from the metrics, data from the tables, settings beside the study's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..config import Params
from . import provenance
from .formats import Cell, Numbers, Table, basis, estimate, plain, whole
from .inputs import Inputs
from .thesis_tables import illumination_table, months_table

SETS = {"train": "training", "val": "validation", "test": "test"}
SCORES = {
    "accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "sensitivity": "sensitivity (recall)",
    "specificity": "specificity", "precision": "precision", "f1": "F1", "auroc": "AUROC", "brier": "Brier score",
    "log_loss": "log loss", "ece": "expected calibration error",
}  # fmt: skip
MEASURES = {
    "heat_in_circle": "share of heat inside the sky circle", "energy_in_mask": "share of heat on aurora",
    "energy_over_area": "heat on aurora, relative to its area", "pointing_hit": "maximum on aurora",
    "road": "ROAD", "insertion": "insertion", "deletion": "deletion (lower is better)",
    "shift_agreement": "agreement after a shift",
}  # fmt: skip
CHANCES = {
    "climatology": "climatology", "persistence": "persistence", "kp_alone": "Kp alone",
    "logistic": "logistic regression", "boosting": "gradient boosting",
}  # fmt: skip
CHANCE_SCORES = {
    "auroc": "AUROC", "brier": "Brier score", "ece": "calibration error", "skill": "Brier skill against climatology",
}  # fmt: skip
OCCURRENCE = {
    "apparent": "apparent", "rogan_gladen": "Rogan-Gladen", "prediction_powered": "prediction-powered",
}  # fmt: skip


def by_split(scores: Numbers) -> Table:
    """Scores of training, validation and test frames."""
    rows: list[list[Cell | str]] = [["frames / nights", *(basis(scores[name]) for name in SETS)]]
    rows += [[text, *(estimate(scores[name].get(key)) for name in SETS)] for key, text in SCORES.items()]
    return Table("scores", "Scores by set; yes is the positive class.", ["score", *SETS.values()], rows)


def start(of: Numbers, trained: Numbers) -> Table:
    """The scores of the trained network beside those of the weights it started from, on the same test frames."""
    rows: list[list[Cell | str]] = [["frames / nights", basis(trained), basis(of["scores"]), basis(trained)]]
    rows += [
        [SCORES[key], estimate(trained[key]), estimate(of["scores"][key]), estimate(gain)]
        for key, gain in of["gain"].items()
    ]
    caption = "The test set before and after training; the gain is positive where training helped."
    return Table("start", caption, ["score", "trained", f"weights '{of['weights']}' as they were", "gain"], rows)


def against_truth(scores: Numbers, truth: Numbers) -> Table:
    """Scores of validation and test against the labels, and against the simulator's truth."""
    sides = [(name, of) for name in ("val", "test") if scores[name]["frames"] for of in (scores, truth)]
    rows: list[list[Cell | str]] = [["frames / nights", *(basis(of[name]) for name, of in sides)]]
    rows += [[text, *(estimate(of[name].get(key)) for name, of in sides)] for key, text in SCORES.items()]
    heads = [f"{SETS[name]}, against {'labels' if of is scores else 'truth'}" for name, of in sides]
    caption = "The same classifications against labels, and against the truth of the simulation."
    return Table("against-truth", caption, ["score", *heads], rows)


def confusion(score: Numbers, set_name: str) -> Table:
    """The confusion matrix of one set."""
    rows: list[list[Cell | str]] = [
        ["labelled yes", whole(score["tp"]), whole(score["fn"])],
        ["labelled no", whole(score["fp"]), whole(score["tn"])],
    ]
    return Table("confusion", f"Confusion matrix of the {set_name} set.", ["", "classified yes", "classified no"], rows)


def by_condition(conditions: Numbers) -> Table:
    """How often frames are classified as aurora in the nine conditions."""
    heads = ["condition", "frames / nights", "yes", "no", "share of yes", "odds yes / no", "mean P(yes)"]
    rows: list[list[Cell | str]] = [
        [plain(name), basis(of), whole(of["yes"]), whole(of["no"])]
        + [estimate(of[key]) for key in ("yes_share", "yes_no_odds", "p_aurora_mean")]
        for name, of in conditions.items()
    ]
    return Table("conditions", "Classification of all frames by illumination condition.", heads, rows)


def audit(conditions: Numbers, together: Numbers) -> Table:
    """Errors of the classifier in each condition, from audit labels."""
    keys = ("sensitivity", "specificity", "precision", "f1", "brier", "ece")
    heads = [
        "condition",
        "labelled frames / nights",
        "excluded frames / nights",
        "sensitivity",
        "specificity",
        "precision",
        "F1",
    ]
    rows: list[list[Cell | str]] = [
        [plain(name), basis(of, "labelled_frames", "labelled_nights"), basis(of, "left_out_frames", "left_out_nights")]
        + [estimate(of[key]) for key in keys]
        for name, of in [*conditions.items(), ("all nine, weighted", together)]
    ]
    return Table("audit", "Errors by condition, from audit labels.", [*heads, "Brier score", "calibration error"], rows)


def calibration(of: Numbers) -> Table:
    """The expected calibration error before and after temperature scaling."""
    rows: list[list[Cell | str]] = [
        [SETS[name], *(estimate(of[f"{name}_ece_{when}"]) for when in ("before", "after"))] for name in ("val", "test")
    ]
    caption = "Expected calibration error, before and after temperature scaling."
    return Table("calibration", caption, ["set", "before", "after"], rows)


def occurrence(of: Numbers) -> Table:
    """The share of frames with aurora: apparent, and corrected with audit labels."""
    rows: list[list[Cell | str]] = [
        ["all nine" if name == "all" else plain(name), basis(by["apparent"])]
        + [basis(by["prediction_powered"], "labelled", "labelled_nights")]
        + [estimate(by[method]) for method in OCCURRENCE]
        for name, by in of.items()
    ]
    heads = ["condition", "frames / nights", "labelled frames / nights", *OCCURRENCE.values()]
    return Table("occurrence", "Occurrence: share of frames with visible aurora.", heads, rows)


def coupling(chances: Numbers) -> Table:
    """Scores of the chances of aurora in an hour: baselines once, models as nowcast and as forecast."""
    by_season = "held_out_season" in chances["nowcast"]
    alike: list[tuple[str, str, str]] = [("", "nowcast", name) for name in ("climatology", "persistence")]
    apart = [(f"{kind}: ", kind, name) for kind in chances for name in ("kp_alone", "logistic", "boosting")]
    rows: list[list[Cell | str]] = []
    for before, kind, name in [*alike, *apart]:
        of = chances[kind]["held_out_nights"][name]
        row: list[Cell | str] = [before + CHANCES[name], *(estimate(of[key]) for key in CHANCE_SCORES)]
        seasons = chances[kind]["held_out_season"][name] if by_season else {}
        rows.append(row + [estimate(seasons[key]) for key in ("auroc", "skill") if by_season])
    heads = ["chance", *CHANCE_SCORES.values()]
    heads += ["AUROC, held-out season", "Brier skill, held-out season"] if by_season else []
    return Table("coupling", "Chances of aurora in an hour, judged on held-out nights.", heads, rows)


def leakage(of: Numbers) -> Table:
    """Scores of both ways to split the same labels, and the gap, by the weights at the start."""
    rows: list[list[Cell | str]] = [
        [start, SCORES[name], *(estimate(score[key]) for key in ("night", "frame", "gap"))]
        for start, policies in of["starts"].items()
        for name, score in policies["scores"].items()
    ]
    sets = next(iter(of["starts"].values()))
    by_night, by_frame = (f"split by {name} ({SETS[sets[name]['set']]})" for name in ("night", "frame"))
    heads = ["weights at the start", "score", by_night, by_frame, "gap"]
    return Table("leakage", "Scores of the same labels, split by night and by frame.", heads, rows)


def cameras(of: Numbers) -> Table:
    """Scores on each camera's frames of classifiers that learnt from it and from the other one, and the gap."""
    rows: list[list[Cell | str]] = [
        [start, f"the {camera}", SCORES[name], *(estimate(score[key]) for key in ("own", "other", "gap"))]
        for start, by_camera in of["starts"].items()
        for camera, sides in by_camera.items()
        for name, score in sides["scores"].items()
    ]
    heads = ["weights at the start", "tested on", "score", "learnt from it", "learnt from the other", "gap"]
    return Table("cameras", "Scores on one camera of classifiers of each camera.", heads, rows)


def measured(columns: Mapping[str, Numbers]) -> dict[str, str]:
    """The measures that any map or baseline has frames for; those on aurora need masks, which a real sky lacks."""
    return {
        key: text
        for key, text in MEASURES.items()
        if any((of.get(key) or {"frames": 0})["frames"] for of in columns.values())
    }


def maps(explanations: Numbers) -> Table:
    """The measures of the maps beside those of the baselines."""
    columns = {**explanations["maps"], **explanations["baselines"]}
    rows: list[list[Cell | str]] = [
        [text, *(estimate(of.get(key)) for of in columns.values())] for key, text in measured(columns).items()
    ]
    heads = ["measure", *(plain(name.replace("@", " of ")) for name in columns)]
    caption = f"Maps for yes: of the classifier (first {len(explanations['maps'])} columns) and baselines."
    return Table("maps", caption, heads, rows)


def randomisation(curves: Mapping[str, Sequence[Numbers]]) -> Table:
    """Agreement with the trained network's map as its layers are randomised, from the head downwards."""
    parts = list(dict.fromkeys(point["part"] for curve in curves.values() for point in curve))
    by_part = {name: {point["part"]: point for point in curve} for name, curve in curves.items()}
    rows: list[list[Cell | str]] = [
        [part, *(estimate(points.get(part)) for points in by_part.values())] for part in parts
    ]
    heads = ["randomised down to", *(plain(name.replace("@", " of ")) for name in by_part)]
    return Table("randomisation", "Rank correlation with the map of the trained network.", heads, rows)


def data_tables(data: Inputs, metrics: Numbers) -> list[Table]:
    """The tables of the data: months, times, sky, labels and split."""
    times, labels, split = metrics["times"], metrics["labels"], metrics["split"]
    months, sky = months_table(data.frames), illumination_table(data.sky)
    keys = ("nights", "frames", "yes", "no")
    return [
        Table("months", "Nights and frames by month.", list(months.columns), count_rows(months)),
        Table("times", "How the time of each frame was determined.", ["", *map(str, times)],
              [["frames", *map(whole, times.values())]]),
        Table("sky", "Frames by sun and moon class.", [plain(name) for name in sky.columns], count_rows(sky)),
        Table("labels", "Labels.", ["", "labelled", "yes", "no", "still to label"],
              [["frames", *map(whole, labels.values())]]),
        Table("split", f"The split (policy: {split['policy']}).", ["set", *keys],
              [[text, *(whole(split[name][key]) for key in keys)] for name, text in SETS.items()]),
    ]  # fmt: skip


def count_rows(table: pd.DataFrame) -> list[list[str]]:
    """Rows of a table whose first column is a name and the others counts."""
    return [[str(row[0]), *(whole(int(count)) for count in row[1:])] for row in table.itertuples(index=False)]


def provenance_tables(
    params: Params, model: dict[str, Any] | None, lock: provenance.Lock | None
) -> dict[str, Table | None]:
    """Versions, parameters, the classifier and the data under DVC; None for a table without rows."""
    differing = provenance.differing(params)
    hashes = [[entry.path, entry.md5, whole(entry.size)] for entry in lock.data] if lock else []
    tables = {
        "packages": Table("packages", "Versions.", ["package", "version"], provenance.versions(), numeric=False),
        "params": Table("params", "Parameters that differ from their defaults.", ["parameter", "here", "default"],
                        differing, numeric=False),
        "card": Table("card", "The classifier (data/models/model.json).", ["", "value"],
                      provenance.card_rows(model) if model else [], numeric=False),
        "hashes": Table("hashes", "Data under DVC (dvc.lock).", ["path", "MD5", "bytes"], hashes, numeric=False),
    }  # fmt: skip
    return {name: table if table.rows else None for name, table in tables.items()}


def study_settings(study: dict[str, Any] | None, params: Params) -> Table | None:
    """The settings that the study names, beside those of this run; None without study.yaml."""
    if study is None:
        return None
    caption = f"Settings of {study['cite']['name']} and of this run."
    rows = provenance.beside(study["params"], params)
    return Table("study", caption, ["parameter", "study", "here"], rows, numeric=False)
