"""The tables of the page on cloud and form; none without material."""

from __future__ import annotations

from typing import Any

from ..tables.kinds import CLASSES, CLOUDS
from .formats import Cell, Numbers, Table, basis, estimate, inline, plain, whole
from .page_tables import OCCURRENCE, SETS

AUDIT = "audit"
LABELLED = "on labelled frames"
AUDIT_FRAMES = {AUDIT: "audit frames"}


def tables(kinds: Numbers, occurrence: Numbers, held_out: str) -> dict[str, Any]:
    """What the template shows: scores (a list), occurrence, conditions, has_clear, and clear (text); {} without kinds.

    Parameters
    ----------
    kinds
        As in metrics.json; empty without heads and labels.
    occurrence
        The plain one, for its row of all nine conditions.
    held_out
        The split to judge the classifier on.
    """
    if not kinds:
        return {}
    clear = kinds.get("occurrence_when_clear")
    scores: list[Table] = []
    for head, of in kinds.get("heads", {}).items():
        sets = {name: of[name] for name in (held_out, AUDIT) if name in of}
        if sets:
            scores += [head_table(head, sets), confusion(head, sets)]
    return {
        "scores": scores,
        "occurrence": by_cloud(kinds["occurrence"], occurrence, clear) if "occurrence" in kinds else None,
        "conditions": by_condition(kinds["conditions"]) if "conditions" in kinds else None,
        "has_clear": clear is not None,
        "clear": inline(clear) if clear else "",
    }


def against_truth(kinds: Numbers, held_out: str) -> list[Table]:
    """Scores of each head on one set by the truth of a simulation; none without truth or heads."""
    tables = []
    for head, of in kinds.items():
        if held_out in of and head in CLASSES:
            tables.append(head_table(head, {held_out: of[held_out]}, "by the truth of the simulation"))
        elif held_out in of:
            scores = of[held_out]
            rows: list[list[Cell | str]] = [
                ["frames / nights with aurora that is called", basis(scores)],
                ["share within a factor of two", estimate(scores["within_factor"])],
                ["mean decimal logarithm of told over true", estimate(scores["log_error"])],
                ["standard deviation of that logarithm", estimate(scores["log_scatter"])],
            ]
            caption = "The strength that the head tells, by the truth of the simulation."
            tables.append(Table("true-strength", caption, ["score", f"{SETS[held_out]} set"], rows))
    return tables


def set_name(name: str) -> str:
    """`test` -> `test set`, `audit` -> `audit frames`."""
    return AUDIT_FRAMES.get(name) or f"{SETS[name]} set"


def head_table(head: str, sets: Numbers, judged: str = LABELLED) -> Table:
    """Scores of a head, a column a set; `judged` ends the caption."""
    is_labelled = judged == LABELLED
    counted = "labelled frames / nights" if is_labelled else "frames / nights"
    rows: list[list[Cell | str]] = [[counted, *(basis(of) for of in sets.values())]]
    for key, text in (("accuracy", "accuracy"), ("macro_f1", "F1, mean of classes"), ("ece", "calibration error")):
        rows.append([text, *(estimate(of[key]) for of in sets.values())])
    labelled = [label for label in CLASSES[head] if any(of["labelled"][label] for of in sets.values())]
    for key, text in (("f1", "F1"), ("auroc", "AUROC")):
        rows += [[f"{text}, {label}", *(estimate(of[key].get(label)) for of in sets.values())] for label in labelled]
    heads = ["score", *map(set_name, sets)]
    return Table(f"kind-{head}" if is_labelled else f"true-{head}", f"Scores of the {head} head {judged}.", heads, rows)


def confusion(head: str, sets: Numbers) -> Table:
    """The confusion matrix of the set with the most labelled frames."""
    name = max(sets, key=lambda name: sets[name]["frames"])
    counts = sets[name]["confusion"]
    rows: list[list[Cell | str]] = [
        [f"labelled {label}", *(whole(count) for count in of.values())]
        for label, of in counts.items()
        if any(of.values())
    ]
    heads = ["", *(f"classified {label}" for label in CLASSES[head])]
    return Table(f"kind-{head}-confusion", f"Confusion matrix of {head}: {set_name(name)}.", heads, rows)


def by_cloud(of: Numbers, plain_occurrence: Numbers, clear: Numbers | None) -> Table:
    """Occurrence by the cloud that is told, beside that of all frames and that of a clear sky."""
    named = [(label, of[label]) for label in CLOUDS if label in of and of[label]["apparent"]["frames"]]
    if "all" in plain_occurrence:
        named.append(("all nine conditions", plain_occurrence["all"]))
    rows: list[list[Cell | str]] = [
        [name, basis(by["apparent"]), basis(by["prediction_powered"], "labelled", "labelled_nights")]
        + [estimate(by[method]) for method in OCCURRENCE]
        for name, by in named
    ]
    if clear:
        labelled = basis(clear, "labelled", "labelled_nights")
        rows.append(["clear, by labels", basis(clear), labelled, "", "", estimate(clear)])
    heads = ["cloud", "frames / nights", "labelled frames / nights", *OCCURRENCE.values()]
    return Table("occurrence-by-cloud", "Occurrence of aurora by cloud.", heads, rows)


def by_condition(of: Numbers) -> Table:
    """The share of frames classified as aurora by illumination condition and cloud."""
    rows: list[list[Cell | str]] = [
        [plain(name), *(estimate(by.get(label) and by[label]["yes_share"]) for label in CLOUDS)]
        for name, by in of.items()
    ]
    caption = "Share of frames classified as aurora, by illumination condition and cloud; no error rates."
    return Table("conditions-by-cloud", caption, ["condition", *CLOUDS], rows)
