"""Requests made from the label page's own OpenAPI schema: none crashes, none writes what is no answer."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from aurora_gradcam import config
from aurora_gradcam.labelling import journal
from aurora_gradcam.labelling.server import build
from aurora_gradcam.labelling.session import Session, Wish, start
from aurora_gradcam.web.guard import TOKEN_HEADER
from label_server import ask_for

PORT, TOKEN = 8123, "right-token"
HOME = f"http://127.0.0.1:{PORT}"
SHORT, LONG = 10, 500


@pytest.fixture
def session(tiny_project):
    ask_for()
    opened = start(config.load(), "ann", "random", Wish())
    yield opened
    opened.journal.close()


def fuzz(session: Session, operation, examples: int) -> int:
    """Send examples of an operation; how many."""
    sent = 0

    @settings(
        max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def send(case):
        nonlocal sent
        response = case.call(base_url=HOME, headers={TOKEN_HEADER: TOKEN})
        sent += 1
        assert response.status_code < 500, response.text
        if response.status_code >= 400:
            assert isinstance(response.json()["detail"], str)
        assert all(
            answer in journal.ANSWERS and frame in session.questions for frame, answer in session.journal.history
        )

    send()
    return sent


def test_no_request_crashes_the_server(session, count, pytestconfig):
    examples = LONG if pytestconfig.getoption("torture") else SHORT
    app = build(session, TOKEN, PORT)
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.app = app
    operations = [result.ok() for result in schema.get_all_operations()]
    assert {"/api/answers", "/api/undo", "/api/finish", "/api/state"} <= {operation.path for operation in operations}
    count("request", sum(fuzz(session, operation, examples) for operation in operations))
