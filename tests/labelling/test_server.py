from __future__ import annotations

import errno
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from aurora_gradcam import config
from aurora_gradcam.corpus import archive
from aurora_gradcam.labelling import journal
from aurora_gradcam.labelling.server import build
from aurora_gradcam.labelling.session import Wish, start
from aurora_gradcam.tables.labels import LABELS_FILE, TO_LABEL
from label_server import ask_for

PORT, TOKEN = 8123, "right-token"
HOME = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def sitting(tiny_project):
    """Ann is asked for the frames of two nights; the simulator has labelled all others."""
    labelled = list(tiny_project["frame_id"])
    ask_for([frame_id for frame_id in labelled if frame_id[:8] in ("20240203", "20240205")])
    rows = "".join(f"{one},{label},simulator\n" for one, label in tiny_project[["frame_id", "label"]].to_numpy())
    LABELS_FILE.parent.mkdir(parents=True)
    LABELS_FILE.write_text("frame_id,label,annotator\n" + rows)
    session = start(config.load(), "ann", "random", Wish())
    yield session
    session.journal.close()


@pytest.fixture
def stranger(sitting):
    return TestClient(build(sitting, TOKEN, PORT), base_url=HOME, follow_redirects=False)


@pytest.fixture
def client(stranger):
    assert stranger.get(f"/?token={TOKEN}").status_code == 303
    return stranger


def answer(client: TestClient, frame_id: str, said: str):
    return client.post("/api/answers", json={"frame_id": frame_id, "answer": said})


EVERYWHERE = [
    ("GET", "/"), ("GET", "/page.css"), ("GET", "/page.js"), ("GET", "/api/state"), ("GET", "/api/questions"),
    ("GET", "/picture/20240203-00010.jpg"), ("GET", "/api/neighbours/20240203-00010"), ("GET", "/api/agreement"),
    ("POST", "/api/answers"), ("POST", "/api/undo"), ("POST", "/api/finish"), ("GET", "/nowhere"),
]  # fmt: skip


STRANGE = [
    {"Host": "evil.example:8123"}, {"Host": "127.0.0.1.evil.example"}, {"Host": "localhost.evil.example:8123"},
    {"Host": "127.0.0.2:8123"}, {"Host": "127.0.0.1:8123@evil.example"}, {"Host": ""}, {"Host": "[::2]:8123"},
    {"Origin": "http://evil.example"}, {"Origin": "http://127.0.0.1:9999"}, {"Origin": f"https://127.0.0.1:{PORT}"},
    {"Origin": "null"}, {"Origin": ""}, {"Host": "127.0.0.1:9000", "Origin": f"http://127.0.0.1:{PORT}"},
]  # fmt: skip


@pytest.mark.counts("hostile")
def test_without_the_token_nothing_is_told(stranger, sitting):
    without = [{}, {"X-Aurora-Token": "wrong"}, {"X-Aurora-Token": ""}, {"Cookie": f"aurora_label_{PORT}=wrong"}]
    for (method, address), headers, query in product(EVERYWHERE, without, ("", "?token=wrong", "?token=", "?token=é")):
        response = stranger.request(method, address + query, headers=headers, json={})
        assert response.status_code == 403, (method, address, headers, query)
        assert set(response.json()) == {"detail"}
    assert sitting.journal.history == []


@pytest.mark.counts("hostile")
def test_another_host_or_page_is_refused_even_with_the_cookie(client, sitting):
    for (method, address), headers in product(EVERYWHERE, STRANGE):
        assert client.request(method, address, headers=headers, json={}).status_code == 403, (method, address, headers)
        entry = client.get(f"/?token={TOKEN}", headers=headers)
        assert entry.status_code == 403 and "set-cookie" not in entry.headers
    assert sitting.journal.history == []


def test_the_token_opens_the_page_and_leaves_the_address(stranger):
    entry = stranger.get(f"/?token={TOKEN}")
    assert (entry.status_code, entry.headers["location"]) == (303, "/")
    cookie = entry.headers["set-cookie"].lower()
    assert cookie.startswith(f"aurora_label_{PORT}={TOKEN};")
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert stranger.get("/api/state").status_code == 200


def test_tools_send_the_token_in_a_header(stranger):
    headers = {"X-Aurora-Token": TOKEN, "Host": f"localhost:{PORT}", "Origin": f"http://localhost:{PORT}"}
    assert stranger.get("/api/state", headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost:9000", "[::1]:9000", "localhost"])
def test_a_port_forwarded_by_ssh_opens_the_page(stranger, host):
    entry = stranger.get(f"/?token={TOKEN}", headers={"Host": host})
    assert (entry.status_code, entry.headers["location"]) == (303, "/")
    headers = {"Host": host, "Origin": f"http://{host}", "X-Aurora-Token": TOKEN}
    assert stranger.post("/api/finish", headers=headers, json={}).status_code == 200


@pytest.mark.counts("hostile")
def test_a_large_body_is_refused_before_it_is_read(client, sitting):
    frame_id = next(iter(sitting.questions))
    padded = f'{{"frame_id": "{frame_id}", "answer": "yes"{" " * 10_000}}}'
    headers = {"Content-Type": "application/json"}
    assert client.post("/api/answers", content=padded, headers=headers).status_code == 413
    assert client.post("/api/answers", content=iter([padded.encode()]), headers=headers).status_code == 411
    assert sitting.journal.history == []


def test_an_answer_that_a_second_tab_gave_is_not_replaced_unseen(client, sitting):
    first = next(iter(sitting.questions))

    def tab(before: str | None, after: str):
        return client.post("/api/answers", json={"frame_id": first, "answer": after, "before": before})

    assert tab(None, "yes").status_code == 200
    refused = tab(None, "no")
    assert refused.status_code == 409 and "answered elsewhere: yes" in refused.json()["detail"]
    assert tab(None, "yes").status_code == 200  # sent again, since the answer to it was lost on its way
    assert sitting.journal.history == [(first, "yes")]
    assert tab("yes", "no").status_code == 200
    assert sitting.journal.answers == {first: "no"}
    client.post("/api/undo", json={})
    client.post("/api/undo", json={})
    refused = tab("no", "yes")
    assert refused.status_code == 409 and "taken back" in refused.json()["detail"]


def test_a_second_tab_takes_back_nothing_that_it_has_not_seen(client, sitting):
    first, second = list(sitting.questions)[:2]
    seen = answer(client, first, "yes").json()["changes"]
    answer(client, second, "no")
    assert client.post("/api/undo", json={"changes": seen}).json()["frame_id"] is None
    client.post("/api/finish", json={})  # which is no change
    seen = client.get("/api/state").json()["changes"]
    assert client.post("/api/undo", json={"changes": seen}).json()["frame_id"] == second


def test_a_lock_that_cannot_be_made_is_an_error_in_words(client, sitting, monkeypatch):
    answer(client, next(iter(sitting.questions)), "yes")

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("aurora_gradcam.locks.open_lock_file", refuse)
    response = client.post("/api/finish", json={})
    assert response.status_code == 500
    assert "permission denied [data/labels/answers/.lock]" in response.json()["detail"]


PIECES = st.sampled_from(["..", "%2e%2e", "%2f", "\\", "%00", "/", "picture", "api", "answers", "state", ".jpg",
                          "20240203-00010", "data", "params.yaml", "é", "?token=x", "#", " "])  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.fixed_dictionaries(
    {}, optional={"frame_id": JSON, "answer": JSON | st.sampled_from(["yes", "no"]), "before": JSON, "changes": JSON}
)
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"]), st.lists(PIECES, max_size=6))
@pytest.mark.counts("hostile")
def test_whatever_address_is_asked_for_nothing_but_the_page_is_served(client, sitting, method, pieces):
    response = client.request(method, f"{HOME}/" + "".join(pieces), json={})
    assert response.status_code in (200, 303, 400, 403, 404, 405, 409, 411, 415, 422)
    assert "x-content-type-options" in response.headers
    assert b"latitude" not in response.content
    assert sitting.journal.history == []


@FUZZ
@given(st.sampled_from(["/api/answers", "/api/undo", "/api/finish"]), JSON | FIELDS)
def test_whatever_is_posted_is_refused_in_words_or_harmless(client, sitting, address, body):
    response = client.post(address, json=body)
    assert response.status_code in (200, 404, 409, 413, 415, 422)
    if response.status_code != 200:
        assert isinstance(response.json()["detail"], str)
    assert sitting.journal.history == []


@FUZZ
@given(st.binary(max_size=200), st.sampled_from(["application/json", "application/json; charset=utf-16"]))
def test_whatever_bytes_are_posted_are_refused_in_words(client, sitting, body, kind):
    response = client.post("/api/answers", content=body, headers={"Content-Type": kind})
    assert response.status_code in (400, 411, 422) and isinstance(response.json()["detail"], str)
    assert sitting.journal.history == []


@pytest.mark.parametrize("address", ["/", "/page.css", "/page.js"])
@pytest.mark.parametrize("name", ["../../../../../../../../../../etc/passwd", "/etc/passwd", "../server.py", "page.js"])
@pytest.mark.counts("hostile")
def test_no_query_names_another_file(client, address, name):
    plain = client.get(address)
    assert client.get(address, params={"name": name}).content == plain.content


@pytest.mark.counts("hostile")
def test_a_post_that_a_form_could_send_is_refused(client, sitting):
    frame_id = next(iter(sitting.questions))
    body = f'{{"frame_id": "{frame_id}", "answer": "yes"}}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert client.post("/api/answers", content=body, headers={"Content-Type": kind}).status_code == 415
    assert sitting.journal.history == []


def test_every_answer_carries_the_headers_that_keep_others_out(client, stranger):
    for response in (client.get("/api/state"), client.get("/picture/20240203-00010.jpg"), client.get("/nowhere")):
        assert response.headers["content-security-policy"] == (
            "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'"
        )
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert client.get("/api/questions").headers["cache-control"] == "no-store"


def test_the_questions_are_the_frames_asked_for_in_order_and_say_nothing_of_anybody_elses_answer(client, sitting):
    asked = client.get("/api/questions").json()
    listed = TO_LABEL.read_text().splitlines()[1:]
    assert sorted(one["frame_id"] for one in asked) == sorted(line.split(",")[0] for line in listed)
    assert [one["frame_id"] for one in asked] == list(sitting.questions)
    assert set(asked[0]) == {
        "frame_id", "night", "utc", "condition", "sun_altitude", "sun_azimuth", "moon_altitude", "moon_azimuth",
        "moon_illumination", "picture", "cloud", "form", "answer",
    }  # fmt: skip
    assert {one["answer"] for one in asked} == {None}


def test_pictures_are_the_archives_bytes_and_no_others_are_served(client):
    path = archive.night_path(archive.FRAMES, "20240203")
    response = client.get("/picture/20240203-00010.jpg")
    assert response.headers["content-type"] == "image/jpeg"
    assert "private" in response.headers["cache-control"] and "immutable" in response.headers["cache-control"]
    assert response.content == archive.read_member(path, "20240203-00010.jpg")
    for other in ("20240204-00010", "20240203-00011", "..%2F..%2Fparams", "..%2F20240203-00010", "%00", ""):
        refused = client.get(f"/picture/{other}.jpg")
        assert refused.status_code == 404 and set(refused.json()) == {"detail"}


def test_neighbours(client):
    beside = client.get("/api/neighbours/20240203-00010").json()
    assert beside == {
        "before": {"utc": "2024-02-03T06:00:00Z", "picture": "/picture/20240203-00000.jpg"},
        "after": {"utc": "2024-02-03T06:02:00Z", "picture": "/picture/20240203-00020.jpg"},
    }
    assert client.get("/api/neighbours/20240203-00000").json()["before"] is None
    assert client.get("/api/neighbours/20240204-00010").status_code == 404


def test_answering_counts_by_night_and_condition_and_can_be_taken_back(client, sitting):
    first, second = list(sitting.questions)[:2]
    state = client.get("/api/state").json()
    assert (state["total"], state["answered"], state["done"], state["can_undo"]) == (18, 0, False, False)
    assert state["simulated"] and state["annotator"] == "ann" and state["order"] == "random"
    assert [night["name"] for night in state["nights"]] == ["20240203", "20240205"]
    assert sum(one["total"] for one in state["conditions"]) == 18 and len(state["conditions"]) == 9
    answer(client, first, "yes")
    state = answer(client, second, "unsure").json()
    assert state["answered"] == 2 and state["can_undo"]
    assert sum(night["answered"] for night in state["nights"]) == 2
    of_first = sitting.questions[first]
    assert next(one for one in state["nights"] if one["name"] == of_first.night)["answered"] >= 1
    assert next(one for one in state["conditions"] if one["name"] == of_first.condition)["answered"] >= 1
    assert answer(client, first, "no").json()["answered"] == 2  # the newer counts
    given = {one["frame_id"]: one["answer"] for one in client.get("/api/questions").json()}
    assert (given[first], given[second]) == ("no", "unsure")
    undone = client.post("/api/undo", json={}).json()
    assert undone["frame_id"] == first and undone["state"]["answered"] == 2  # the older counts again
    assert client.get("/api/questions").json()[0]["answer"] == "yes"
    assert client.post("/api/undo", json={}).json()["frame_id"] == second
    assert client.post("/api/undo", json={}).json()["state"]["can_undo"] is False
    refused = client.post("/api/undo", json={})
    assert refused.status_code == 409 and set(refused.json()) == {"detail"}


def test_a_bad_answer_is_refused_and_not_kept(client, sitting):
    for body, status in [
        ({"frame_id": "20240203-00010", "answer": "maybe"}, 422),
        ({"frame_id": "20240203-00010", "answer": "undo"}, 422),
        ({"frame_id": "20240203-00010"}, 422),
        ([], 422),
        ({"frame_id": "20240204-00010", "answer": "yes"}, 404),
        ({"frame_id": "x,y\nz", "answer": "yes"}, 404),
    ]:
        response = client.post("/api/answers", json=body)
        assert response.status_code == status
        assert isinstance(response.json()["detail"], str)
    assert sitting.journal.history == []


def test_what_others_answered_stays_hidden_until_everything_is_answered(client, sitting):
    *most, last = sitting.questions
    for frame_id in most:
        answer(client, frame_id, "yes")
    assert client.get("/api/agreement").status_code == 403
    early = client.post("/api/finish", json={}).json()
    assert early == {"written": 17, "agreement": None}
    assert client.get("/api/agreement").status_code == 403
    assert answer(client, last, "unsure").json()["done"]
    found = client.get("/api/agreement").json()
    truth = dict(line.split(",")[:2] for line in LABELS_FILE.read_text().splitlines() if "simulator" in line)
    (pair,) = found["pairs"]
    assert (pair["first"], pair["second"], pair["frames"]) == ("ann", "simulator", 17)
    assert pair["both_yes"] == sum(truth[frame_id] == "yes" for frame_id in most)
    assert pair["kappa"] is None  # two nights
    assert found["unsure"] == 1
    assert client.post("/api/finish", json={}).json() == {"written": 17, "agreement": found}
    client.post("/api/undo", json={})
    assert client.get("/api/agreement").status_code == 403


def test_an_answer_to_a_frame_of_an_earlier_list_is_not_taken_back(tiny_project):
    ask_for(["20240203-00010"])
    earlier = journal.Journal("ann")
    earlier.add("20240204-00010", "yes")
    earlier.close()
    session = start(config.load(), "ann", "random", Wish())
    client = TestClient(build(session, TOKEN, PORT), base_url=HOME, headers={"X-Aurora-Token": TOKEN})
    assert client.get("/api/state").json()["can_undo"] is False
    assert client.post("/api/undo", json={}).status_code == 409
    session.journal.close()


def test_a_picture_that_went_away_is_an_error_in_words(client):
    archive.night_path(archive.FRAMES, "20240203").unlink()
    response = client.get("/picture/20240203-00010.jpg")
    assert response.status_code == 500 and "20240203.zip" in response.json()["detail"]


def test_asking_again_for_an_undo_whose_answer_was_lost_takes_back_no_second_answer(client, sitting):
    first, second = list(sitting.questions)[:2]
    answer(client, first, "yes")
    changes = answer(client, second, "no").json()["changes"]
    assert client.post("/api/undo", json={"changes": changes}).json()["frame_id"] == second
    again = client.post("/api/undo", json={"changes": changes}).json()
    assert again["frame_id"] is None and again["state"]["answered"] == 1
