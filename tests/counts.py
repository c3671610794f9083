"""pytest plugin: what the tests of reliability tried and what held, counted; `--torture` runs the long ones as well.

With `--torture`, docs/reliability.md is written from the counts, where each row has been tried in this run.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs/reliability.md"
MARK, COUNTS = "count:", "counts of reliability"
ROWS = {
    "kind": "kinds of input (videos, clocks, labels, params, pictures): the right result or the one clear error",
    "kill": "SIGKILL at a random moment of `dvc repro`, then `dvc repro`: same bytes, nothing half-written, no orphan",
    "stage killed": "stages that were at work when they were killed",
    "training killed": "trainings killed and resumed from the last epoch, to the same weights",
    "full disk": "stages and commands on a full disk: one line, and the workspace as it was",
    "no permission": "stages and commands without permission to write: one line, and the workspace as it was",
    "storage": "trials of a remote (cut, wrong key, missing or corrupted object) in a folder, SSH, HTTP, S3",
    "hostile": "hostile inputs (weights, checkpoints, playlists, addresses): nothing was read or run",
    "request": "requests of the fuzz of the label page's API, none answered with a crash",
    "answer": "answers of annotators who label at the same time, all kept",
    "watch": "pictures of a night watched while broker, network, disk and clock failed: no event was lost",
    "environment": "unusual environments (C locale, read-only home, letters in paths, missing programs)",
}
"""What is counted, in the order of the page."""


class Counts:
    """Sums over the tests of a run."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.held: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" or report.skipped:
            return
        for name, number in report.user_properties:
            if name.startswith(MARK):
                self.tried[name.removeprefix(MARK)] += number
                self.held[name.removeprefix(MARK)] += number * report.passed

    def lines(self) -> list[str]:
        return [f"{self.held[row]} of {self.tried[row]} {text}" for row, text in ROWS.items() if self.tried[row]]

    def table(self) -> str:
        head = "| tried | held | what |\n| ---: | ---: | --- |\n"
        return head + "".join(f"| {self.tried[row]} | {self.held[row]} | {text} |\n" for row, text in ROWS.items())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture", action="store_true", help="the long tests of reliability too; writes their counts")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "counts(row): each test counts once in this row of docs/reliability.md")
    config.addinivalue_line("markers", "torture: takes minutes; runs with --torture (make torture)")
    config.pluginmanager.register(Counts(), COUNTS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("torture"):
        return
    for item in items:
        if item.get_closest_marker("torture"):
            item.add_marker(pytest.mark.skip(reason="make torture runs it"))


@pytest.fixture
def count(record_property) -> Callable[..., None]:
    """Count what a test tries: `count("kill", 3)`; it held where the test passes."""

    def add(row: str, number: int = 1) -> None:
        assert row in ROWS
        record_property(f"{MARK}{row}", number)

    return add


@pytest.fixture(autouse=True)
def counted(request, count) -> None:
    """What tests count by their mark."""
    for mark in request.node.iter_markers("counts"):
        count(mark.args[0])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    counts = config.pluginmanager.get_plugin(COUNTS)
    if not config.getoption("torture"):
        return
    terminalreporter.section("reliability")
    for line in counts.lines():
        terminalreporter.write_line(line)
    if set(ROWS) <= set(counts.tried):
        PAGE.write_text(page(counts.table()), encoding="utf-8")
        terminalreporter.write_line(f"written: {PAGE.relative_to(PAGE.parents[1])}")


def page(table: str) -> str:
    """The page with these counts."""
    text = Path(__file__).with_name("reliability.md").read_text(encoding="utf-8")
    machine = (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    return text.replace("{table}", table).replace("{machine}", machine)
