"""Every number in README and docs/ is one that was measured, or is explained here.

Sentences and tables with results must stand there as they are made here from `reports/metrics.json`,
`reports/real_frames.json` and `data/weights/sky.json`; any other number must occur in what its section may draw on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bundle import stored
from pipeline import numbers
from pipeline.numbers import TOP, Claim

ROOT = Path(__file__).parents[2]
PAGES = (
    "own-camera",
    "results",
    "real-frames",
    "simulated-sky",
    "metrics",
    "experiments",
    "labelling",
    "the-study",
    "storage",
)
"""The pages of docs/ that tell results, or might."""
MOST_BYTES = 10_000
"""README is read in five minutes; the rest belongs into docs/."""


def page(path: Path) -> str:
    """A page as a section: its title becomes a heading like those within it."""
    return re.sub(r"^# ", "## ", path.read_text(encoding="utf-8"))


README = "\n".join(
    [(ROOT / "README.md").read_text(encoding="utf-8"), *(page(ROOT / f"docs/{name}.md") for name in PAGES)]
)


def read(path: str) -> dict:
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


METRICS, REAL = read("reports/metrics.json"), read("reports/real_frames.json")
SKY = json.loads(stored("data/weights/sky.json"))
SOURCES = {
    TOP: METRICS,
    "Results": METRICS,
    "What came out": METRICS,
    "Times": METRICS,
    "Every frame, by condition": METRICS,
    "Error rates and occurrence": METRICS,
    "On real frames": REAL,
    "How to read them": REAL,
    "The sky weights": {**SKY, "rounds": len(SKY["rounds"])},
}
"""What the numbers of a section may be drawn from; nothing for sections that are not here."""
ALLOWED = {
    "Two commands": {
        "3.11": "version of Python, in pyproject.toml",
        "12": "a version of Debian",
        "14": "minutes by one machine's clock",
        "2": "processor cores of that machine",
    },
    "Results": {"95 %": "level of the intervals"},
    "What came out": {"95 %": "level of the intervals"},
    "On real frames": {
        "95 %": "level of the intervals",
        "2018": "year of a camera",
        "9": "labels that the pictures' authors gave",
        "16": "cameras, counted in expected_sentences",
        "0.9": "what counts as far wrong, tools/real_scores.py",
    },
    "How to read them": {
        "0.9": "what counts as far wrong, tools/real_scores.py",
        "0.22": "threshold of the classifier bundled before, reports/real_frames.json",
        "0.5": "the default threshold",
        "27": "frames of AuroraMAX 2018",
    },
    "The whole study on your own videos": {"25": "nights: five in val and five in test by the default fractions"},
    "Few nights": {"25": "nights: five in val and five in test by the default fractions"},
    "What counts": {"0.5": "default of the threshold", "1": "default of the temperature, training/calibration.py"},
    "The commands": {"2": "exit status"},
    "The study's run, from the archive to the thesis": {
        "331": "nights of the study, thesis/study.yaml",
        "0.5": "the share of a night that the study labelled at most, config/sample_label.py",
        "100 MB": "a night's video in the archive",
    },
    "Pictures": {"8": "bits of a picture"},
    "Corrections": {"8": "of UTF-8", "16": "of UTF-16"},
    "How the scores are computed": {"95 %": "level of the intervals"},
    "The simulated sky": {
        "1991": "year of a paper",
        "2006": "year of a paper",
        "557.7": "wavelength of a line, nm",
        "630.0": "wavelength of a line, nm",
        "2 %": "share of the sky in the definition of visible aurora, truth.py",
    },
    "The season": {
        "128": "nights, tests/season",
        "64": "nights, season/calendar.py",
        "10": "minutes, season/calendar.py",
        "12": "minutes, season/calendar.py",
        "2024": "a year of the season",
        "4.7": "gigawatts, tests/simulation/test_activity.py",
        "69": "gigawatts, and geomagnetic latitude of the site, season/season.py",
        "0": "a Kp",
        "2": "a Kp, and activity.STEEPNESS",
        "5": "a Kp",
        "0.6": "activity.QUIET_KR, season.CLOUDY",
        "15": "kilorayleigh at Kp 2, tests/simulation/test_activity.py",
        "132": "kilorayleigh at Kp 5, tests/simulation/test_activity.py",
        "23": "activity.MIDNIGHT",
        "0.4": "season.SCATTER",
        "0.15": "season.WAVY",
        "1": "hour between onsets, activity.ONSETS",
        "4.5 hours": "between onsets, activity.ONSETS",
        "1964": "year of a paper",
        "1993": "year of a paper",
        "1994": "year of a paper",
        "2008": "year of a paper",
        "2009": "year of a paper",
    },
    "Simulated people": {
        "0.3": "annotators.SPREAD",
        "0.15": "annotators.UNSURE",
        "0.6": "truth.BORDERLINE",
        "1.6": "truth.BORDERLINE",
        "1": "visibility of the threshold, truth.py",
        "20": "share of misperceived frames, simulation/annotators.py",
        "0.9": "annotators.ANNOTATORS",
        "1.15": "annotators.ANNOTATORS",
        "1 %": "annotators.ANNOTATORS",
        "2 %": "annotators.ANNOTATORS",
        "0.82": "kappa, tests/simulation/test_annotators.py",
        "0.93": "kappa, tests/simulation/test_annotators.py",
    },
    "What a split that leaks adds": {
        "3": "seeds, params.yaml: leakage",
        "24": "epochs, params.yaml: leakage",
    },
    "Speed": {
        "400": "video frames of a night of 40 minutes, 10 a minute",
        "12": "seconds by one machine's clock; `make bench` times drawing anew",
        "17": "seconds by one machine's clock; `make bench` times drawing anew",
        "50": "frames a second by one machine's clock",
        "60": "frames a second by one machine's clock",
        "2": "processor cores of that machine",
        "240": "pixels of a training frame's side, params.yaml",
    },
    "The sky weights": {
        "2": "processor cores of the machine, as sky.json says",
        "0.1": "a version",
        "0.782": "the first cycle on the same frames, scored by the same code once",
        "0.838": "the first cycle on the same frames, scored by the same code once",
        "69,632": "frames of the first cycle, whose card is in Git's history",
        "8": "a round after which the schedule was shortened",
        "11": "a round after which the schedule was shortened",
    },
    "A third cycle that was not kept": {
        "0.7": "levels, median of 100 open real frames, measured once",
        "0.822": "of the table: cards of the weights, and tools/real_scores.py, once",
        "0.850": "of the table: cards of the weights, and tools/real_scores.py, once",
        "0.864": "of the table: cards of the weights, and tools/real_scores.py, once",
        "0.899": "of the table: cards of the weights, and tools/real_scores.py, once",
        "0.92": "of the table: cards of the weights, and tools/real_scores.py, once",
        "0.922": "of the table: cards of the weights, and tools/real_scores.py, once",
        "0.932": "of the table: cards of the weights, and tools/real_scores.py, once",
        "0.96": "of the table: cards of the weights, and tools/real_scores.py, once",
        "0.98": "of the table: cards of the weights, and tools/real_scores.py, once",
        "0.99": "of the table: cards of the weights, and tools/real_scores.py, once",
        "1.3 hours": "of the third cycle, by its card",
        "1.5": "levels, median of 192 simulated frames, measured once",
        "14": "of the table: cards of the weights, and tools/real_scores.py, once",
        "15": "of the table: cards of the weights, and tools/real_scores.py, once",
        "16,384": "frames of the third cycle, whose weights are not kept",
        "160": "pixels of the second cycle's frames, params.yaml",
        "240": "pixels of a frame's side, params.yaml",
        "255": "white of a picture",
        "6": "of the table: cards of the weights, and tools/real_scores.py, once",
        "8": "of the table: cards of the weights, and tools/real_scores.py, once",
        "9": "of the table: cards of the weights, and tools/real_scores.py, once",
        "95": "of the table: cards of the weights, and tools/real_scores.py, once",
        "96": "pixels of the second cycle's frames, params.yaml",
    },
}
"""Numbers that are no result, with the reason why each may stand."""
MODELS = {
    "the bundled classifier": "bundled",
    "the sky weights": "sky",
    "bundled before": "bundled before",
    "sky weights before": "sky before",
}
"""How a row of the table of real frames begins, and the model's name in real_frames.json."""
GROUPS = {
    "the first four cameras": "real",
    "twelve further cameras": "cameras",
    "in colour": "colour",
    "grey": "grey",
}
"""Rows of the table of groups of real frames, and their names in real_frames.json."""


def rows(readme: str, heading: str) -> dict[str, list[str]]:
    """The table whose head starts with `| heading`, by its first column."""
    lines = readme.splitlines()
    heads = (
        number for number, line in enumerate(lines) if lines[number + 1 : number + 2] and "| ---" in lines[number + 1]
    )
    start = next(number for number in heads if lines[number].startswith(f"| {heading} "))
    cells = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return cells
        name, *values = (cell.strip() for cell in line.strip("|").split("|"))
        cells[name] = values
    return cells


def told(estimate: dict, decimals: int = 3) -> str:
    """A number with its interval, as README shows it; an interval without width tells nothing and is left out."""
    if estimate["value"] is None:
        return "too few nights" if estimate.get("too_few_nights") else "none"
    value, low, high = (f"{estimate[key]:.{decimals}f}" for key in ("value", "low", "high"))
    return value if decimals < 3 and low == high else f"{value} ({low} to {high})"


def expected_tables() -> Iterator[tuple[str, dict[str, list[str]]]]:
    """First heading and rows of the tables of the sample; README may leave out groups of the occurrence."""
    keys = ("accuracy", "sensitivity", "specificity", "f1", "auroc", "ece")
    yield (
        "split",
        {
            split: [str(scores["frames"]), str(scores["nights"]), *(told(scores[key]) for key in keys)]
            for split, scores in METRICS["scores"].items()
        },
    )
    yield "condition", {
        name: [*(str(values[key]) for key in ("frames", "nights", "yes", "no")),
               told(values["yes_share"]), told(values["yes_no_odds"])]
        for name, values in METRICS["conditions"].items()
    }  # fmt: skip
    methods = ("apparent", "rogan_gladen", "prediction_powered")
    shown = rows(README, "occurrence")
    yield (
        "occurrence",
        {
            group: [told(values[key]) for key in methods]
            for group, values in METRICS["occurrence"].items()
            if group in (*shown, "all")
        },
    )


def model_of(row: str) -> str:
    """The name in real_frames.json of the model that a row of README shows."""
    return next(name for start, name in MODELS.items() if row.lower().startswith(start))


def expected_sentences() -> Iterator[str]:
    """What README must say, word for word but for its line breaks."""
    data, times, audit = METRICS["data"], METRICS["times"], METRICS["audit"]
    yield f"{data['nights']} short nights"
    yield f"({data['nights']} nights, {data['frames']} frames, of which {data['frames_bad']} are damaged or blank"
    yield "{read} times were read, {repaired} repaired, {interpolated} interpolated, {failed} failed".format(**times)
    yield f"({audit['labelled_frames']} frames of {audit['labelled_nights']} nights): sensitivity "
    yield f"sensitivity {told(audit['sensitivity'])}, specificity {told(audit['specificity'])}."

    cameras = REAL["bundled"]["cameras"]
    every, season = cameras["all"], cameras["auroramax2018"]
    names = cameras.keys() - {"all", *GROUPS.values()}
    yield f"{every['frames']} real frames of {len(names)} cameras were classified, {every['yes']} with aurora and "
    yield f"and {every['no']} without"
    yield f"the {season['frames']} frames of AuroraMAX 2018"
    yield (
        f"with {every['no']} frames without aurora the classifier's specificity may be as low as "
        f"{every['specificity']['low']:.2f} (Wilson), and its sensitivity {every['recall']['low']:.2f}"
    )
    yield f'"{every["wrong"]} of {every["frames"]}" is no error rate'
    yield from (f"({mistake['p']:.2f})" for mistake in REAL["bundled"]["mistakes"])

    threads = next(numbers.leaves(SKY["devices"]))
    held_out = SKY["held_out"]
    yield f"on {SKY['frames_drawn']:,} simulated frames of the present simulator, each shown once"
    yield f"in {SKY['seconds'] / 3600:.1f} hours of {threads:.0f} processor cores"
    yield f"On {held_out['simulated_frames']:,} simulated frames that were never shown"
    yield f"an accuracy of {held_out['simulated_accuracy']:.3f} and an AUROC of {held_out['simulated_auroc']:.3f}"


def faults(readme: str) -> list[str]:
    """What README says that was not measured so, one line each."""
    found = [f"README should say: {text}" for text in expected_sentences() if text not in " ".join(readme.split())]
    for heading, expected in expected_tables():
        shown = rows(readme, heading)
        found += [
            f"row {name}: {shown.get(name)}, not {row}" for name, row in expected.items() if shown.get(name) != row
        ]
        found += [f"row {name}: not measured" for name in shown.keys() - expected.keys()]
    for name, cells in rows(readme, "model").items():
        every, mistakes = REAL[model_of(name)]["cameras"]["all"], REAL[model_of(name)]["mistakes"]
        far = sum(abs((mistake["label"] == "aurora") - mistake["p"]) > 0.9 for mistake in mistakes)
        wrong = f"{every['wrong']} of {every['frames']}"
        shown = [told(every[key], 2) for key in ("balanced", "auroc", "recall", "specificity")]
        found += [f"row {name}: {cells}, not {[*shown, wrong, str(far)]}"] * (cells != [*shown, wrong, str(far)])
    for name, cells in rows(readme, "frames").items():
        pair = [REAL[model]["cameras"][GROUPS[name]] for model in ("bundled", "sky")]
        counts = [str(pair[0]["yes"]), str(pair[0]["no"])]
        expected = [*counts, *(told(row[key], 2) for row in pair for key in ("recall", "specificity", "auroc"))]
        found += [f"row {name}: {cells}, not {expected}"] * (cells != expected)
    return found + [f"{section}: {claim} is nowhere measured or allowed" for section, claim in unexplained(readme)]


def unexplained(readme: str) -> Iterator[tuple[str, Claim]]:
    """The section and number of every claim that is neither in the section's sources nor allowed."""
    for section, text in numbers.sections(readme).items():
        for claim in numbers.claims(text):
            if str(claim) not in ALLOWED.get(section, {}) and not measured(section, claim):
                yield section, claim


@cache
def measured(section: str, claim: Claim) -> bool:
    """Whether the section's sources hold the claim."""
    return numbers.holds(SOURCES.get(section, {}), claim)


def test_readme_is_short():
    assert len((ROOT / "README.md").read_bytes()) <= MOST_BYTES


def test_links_lead_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    targets = [
        (path, link) for path in pages for link in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
    ]
    broken = [
        f"{path.name}: {link}" for path, link in targets if "//" not in link and not (path.parent / link).exists()
    ]
    assert targets and not broken


def test_every_number_was_measured_or_is_explained():
    assert faults(README) == []


@pytest.mark.parametrize("section", ALLOWED)
def test_nothing_is_allowed_that_is_not_there(section):
    assert set(ALLOWED[section]) <= {str(claim) for claim in numbers.claims(numbers.sections(README)[section])}


def changes(readme: str) -> Iterator[tuple[str, str, str]]:
    """Section, what was changed, and README with one number of it one higher in its last digit; each number in turn."""
    sections = re.split(r"^(?=## )", readme, flags=re.MULTILINE)
    for place, section in enumerate(sections):
        name = section.partition("\n")[0].removeprefix("## ") if place else TOP
        shown = {str(claim) for claim in numbers.claims(numbers.sections(readme)[name])} - set(ALLOWED.get(name, {}))
        for found in numbers.CLAIM.finditer(section):
            claim = numbers.claim_of(found)
            if str(claim) not in shown:
                continue  # in code or the address of a link, or allowed
            for group in range(1, len(claim.texts) + 1):
                start, end = found.span(group)
                digit = str((int(section[end - 1]) + 1) % 10)
                changed = section[: end - 1] + digit + section[end:]
                what = f"{section[start:end]} in {section[max(start - 30, 0) : end + 30]!r}"
                yield name, what, "".join([*sections[:place], changed, *sections[place + 1 :]])


def test_a_number_that_is_changed_does_not_go_unnoticed():
    unnoticed, tried = [], {}
    for section, what, changed in changes(README):
        tried[section] = tried.get(section, 0) + 1
        if not faults(changed):
            unnoticed.append((section, what))
    assert {TOP, "Results", "Times", "On real frames", "The sky weights"} <= tried.keys()
    assert unnoticed == []


def test_numbers_are_found_as_people_read_them():
    text = "In 2.9 hours of 69,632 frames, 95 % of B1 (F1 0.5), 0.9 (0.8 to\n1.0), 1280x720; v1.2.3; 3 MB. 12"
    told = [str(claim) for claim in numbers.claims(text)]
    assert told == ["2.9 hours", "69,632", "95 %", "0.5", "0.9 (0.8 to 1.0)", "3 MB", "12"]


def test_code_links_and_comments_hold_no_claims():
    text = "a `5` [six](https://x.org/6) <!-- 7 -->\n```sh\nrun 8\n```\n1. first\n## Next\n9 (10)\n"
    found = {name: [str(claim) for claim in numbers.claims(part)] for name, part in numbers.sections(text).items()}
    assert found == {TOP: [], "Next": ["9", "10"]}


@pytest.mark.parametrize(
    ("claim", "true"),
    [
        (Claim(("0.12",)), True),
        (Claim(("0.13",)), False),
        (Claim(("12",), "%"), True),
        (Claim(("13",), "%"), False),
        (Claim(("2.9",), "hours"), True),
        (Claim(("69,632",)), True),
        (Claim(("69632",)), True),
        (Claim(("0",)), False),  # 0.123 is no whole number
        (Claim(("0.5", "0.4", "0.6")), True),
        (Claim(("0.5", "0.4", "0.7")), False),
        (Claim(("0.9",)), False),
        (Claim(("4",)), True),
    ],
)
def test_a_claim_is_held_by_a_number_that_rounds_to_it(claim, true):
    tree = {
        "a": [0.1234, {"b": 10359.4}], "c": 69632, "d": "4 threads", "e": True,
        "f": {"value": 0.52, "low": 0.41, "high": 0.63}, "g": {"value": 0.5, "low": 0.1, "high": 0.7},
        "h": {"value": None, "low": None, "high": None},
    }  # fmt: skip
    assert numbers.holds(tree, claim) is true
