from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_gradcam.config import OcrUtc
from aurora_gradcam.preprocessing.times import clock
from aurora_gradcam.zones import zone_named

ZONE = "America/Yellowknife"
OCR = OcrUtc()
WINTER = "%Y-%m-%d %H:%M:%S {zone}"
SPRING = "%Y/%m/%d %H:%M:%S   {zone}"


def printed(moment: datetime, form: str = WINTER) -> str:
    """What the camera prints at a UTC moment, by Python's own rules of the zone."""
    local = moment.astimezone(ZoneInfo(ZONE))
    zone = local.tzname() + ({"MST": "/HNR", "MDT": "/HAR"}[local.tzname()] if form == SPRING else "")
    return local.strftime(form).replace("{zone}", zone)


def moments(start: datetime, count: int, step_s: float = 60) -> list[datetime]:
    return [start + timedelta(seconds=step_s * k) for k in range(count)]


def place(texts, elapsed_s=None, night=date(2024, 2, 1), trusted=None, ocr=OCR):
    """The table of a night whose frames are a minute apart, unless told otherwise."""
    elapsed = 60.0 * np.arange(len(texts)) if elapsed_s is None else np.asarray(elapsed_s, float)
    sound = np.ones(len(texts), bool) if trusted is None else np.asarray(trusted)
    return clock.place(texts, elapsed, sound, night, ocr, ZONE)


def errors_s(table: pd.DataFrame, truth: list[datetime]) -> pd.Series:
    """Placed minus true time, s, where a time was placed."""
    return (table["utc"] - pd.Series(truth)).dt.total_seconds().dropna()


valid = st.datetimes(datetime(2010, 1, 1), datetime(2040, 1, 1)).map(lambda t: t.replace(microsecond=0))
START = datetime(2024, 2, 1, 1, 19, 54, tzinfo=UTC)


@given(valid, st.sampled_from(OCR.formats), st.sampled_from(["MST", "MST/HNR", "MDT", "MDT/HAR", ""]))
def test_every_printed_time_is_parsed_as_it_was_printed(local, form, zone):
    offset = {"MST": -420, "MDT": -360}.get(zone[:3])
    assert clock.parse(f"{local.strftime(form)}   {zone}", OCR.formats, OCR.zones) == [clock.Reading(local, offset)]


@given(st.text())
def test_no_text_makes_the_parser_fail(text):
    assert isinstance(clock.parse(text, OCR.formats, OCR.zones), list)


@given(st.text(alphabet="0123456789/-: MSDTHANR", max_size=40))
def test_what_is_parsed_holds_the_digits_of_the_text_in_their_order(text):
    for reading in clock.parse(text, OCR.formats, OCR.zones):
        digits = "".join(c for c in text if c.isdigit())
        assert reading.local.strftime("%Y%m%d%H%M%S") in digits


@pytest.mark.parametrize(
    "text",
    ["2024-A4-11 18:19:54 MST", "2024-01-41 18:19:54 MST", "2024-01-34 18:19:54 MST", "2024-01-31 28:19:54 MST",
     "2024-01-31 418:19:54 MST", "2024-01-31 18:419:54 MST", "2024-01-31 18:19:541MST", "", "AuroraMAX HD"],
)  # fmt: skip
def test_a_text_that_is_no_whole_time_is_not_parsed(text):
    assert clock.parse(text, OCR.formats, OCR.zones) == []


def test_lost_separators_do_not_hide_a_time():
    expected = [clock.Reading(datetime(2018, 4, 20, 23, 21, 6), -360)]
    assert clock.parse("2018/04/2023:21.06 MDT/HAR", OCR.formats, OCR.zones) == expected


@given(st.text("0123456789", max_size=8), st.text("0123456789", max_size=8), st.text("ab", max_size=3))
def test_edits_are_the_least_over_all_parts_of_the_text(expected, text, around):
    def whole(a: str, b: str) -> int:  # the textbook recursion, as an authority
        if not a or not b:
            return len(a) + len(b)
        table = np.zeros((len(a) + 1, len(b) + 1), int)
        table[:, 0], table[0] = np.arange(len(a) + 1), np.arange(len(b) + 1)
        for i in range(1, len(a) + 1):
            for j in range(1, len(b) + 1):
                replaced = table[i - 1, j - 1] + (a[i - 1] != b[j - 1])
                table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, replaced)
        return int(table[-1, -1])

    parts = [text[i:j] for i in range(len(text) + 1) for j in range(i, len(text) + 1)]
    assert clock.edits(expected, text) == min(whole(expected, part) for part in parts)
    assert clock.edits(expected, around + expected + around) == 0


@given(st.integers(0, 8000), st.integers(4, 40), st.sampled_from([WINTER, SPRING]))
def test_a_clean_night_is_read_to_the_second(minute, count, form):
    truth = moments(START + timedelta(minutes=minute), count)
    night = truth[0].astimezone(ZoneInfo(ZONE)).date()
    table, notes = place([printed(t, form) for t in truth], night=night)
    assert (table["time_status"] == "read").all() and not notes
    assert (errors_s(table, truth) == 0).all()
    assert (table["residual_s"] == 0).all()


STUDY_MISREADINGS = {
    "A4 for the 4 of the month": ("2018/04/", "2018/0A4/"),
    "A0 for the 4 of the month": ("2018/04/", "2018/0A0/"),
    "4 for 1 in the day": ("/11 ", "/41 "),
    "34 for 31": ("/31 ", "/34 "),
    "28 for 18": (" 18:", " 28:"),
    "a stray 4 before the hour": (" 18:", " 418:"),
    "a stray 4 inside the minutes": (":31:", ":341:"),
}


@pytest.mark.parametrize("kind", STUDY_MISREADINGS)
@pytest.mark.parametrize("first", [0, 1, 2])
def test_the_misreadings_of_the_study_are_repaired(kind, first):
    right, wrong = STUDY_MISREADINGS[kind]
    day = {"34 for 31": (2018, 1, 31), "4 for 1 in the day": (2018, 4, 11)}.get(kind, (2018, 4, 20))
    local = datetime(*day, 18, 31, 0, tzinfo=ZoneInfo(ZONE))
    truth = moments(local.astimezone(UTC), 30, 2)
    texts = [printed(t, SPRING) for t in truth]
    misread = [k % 3 == first for k in range(len(texts))]
    texts = [text.replace(right, wrong) if bad else text for text, bad in zip(texts, misread, strict=True)]
    table, _ = place(texts, 2 * np.arange(30), local.date())
    changed = np.array([wrong in text for text in texts])
    assert changed.sum() >= 9
    assert set(table["time_status"][changed]) == {"repaired"}
    assert (errors_s(table, truth) == 0).all()
    assert len(errors_s(table, truth)) == 30


def misread(text: str, dice: random.Random) -> str:
    """One random fault of the kinds that tesseract makes: digits replaced, added, lost; letters; the zone; all lost."""
    kind = dice.choice(["digit", "digit", "digit", "two", "stray", "lost", "letter", "zone", "nothing", "study"])
    places = [k for k, c in enumerate(text) if c.isdigit()]
    k = dice.choice(places)
    if kind in ("digit", "two"):
        letters = list(text)
        for place_ in dice.sample(places, 1 if kind == "digit" else 2):
            letters[place_] = dice.choice("0123456789")
        return "".join(letters)
    if kind == "study":
        old, new = dice.choice(
            [("4", "A4"), ("4", "A0"), ("1", "4"), ("31", "34"), ("18", "28"), (" 1", " 41"), (":1", ":41")]
        )
        return text.replace(old, new, 1)
    if kind == "zone":
        return text.replace("MST", "MDT") if dice.random() < 0.5 else text.replace("MST", "M5T")
    return {
        "stray": text[:k] + "4" + text[k:],
        "lost": text[:k] + text[k + 1 :],
        "letter": text[:k] + "B" + text[k + 1 :],
        "nothing": None,
    }[kind]


def is_orderly(text: str | None, truth: datetime, step_s: float) -> bool:
    """Whether a misread text is itself a time that a late exposure could have: no one can tell it from one."""
    readings = clock.parse(text or "", OCR.formats, OCR.zones)
    moments = [moment for reading in readings for moment in reading.moments(zone_named(ZONE))]
    return any(abs(moment - truth.timestamp()) < step_s for moment in moments)


def wrong_times(table: pd.DataFrame, truth: list[datetime], texts: list[str | None], step_s: float) -> list[int]:
    """Frames with a wrong time, but for those that read as another time in order."""
    errors = errors_s(table, truth)
    return [k for k in errors[errors != 0].index if not is_orderly(texts[k], truth[k], step_s)]


@settings(derandomize=True, deadline=None)
@given(st.integers(0, 2**32), st.integers(20, 60), st.sampled_from([WINTER, SPRING]), st.sampled_from([6, 60]))
def test_misreading_three_frames_in_ten_makes_no_time_wrong(seed, count, form, step_s):
    dice = random.Random(seed)
    truth = moments(START + timedelta(seconds=6 * dice.randrange(6000)), count, step_s)
    clean = [printed(t, form) for t in truth]
    bad = set(dice.sample(range(count), int(0.3 * count)))
    texts = [misread(text, dice) if k in bad else text for k, text in enumerate(clean)]
    night = truth[0].astimezone(ZoneInfo(ZONE)).date()
    table, _ = place(texts, step_s * np.arange(count), night)
    assert not wrong_times(table, truth, texts, step_s)
    untouched = [k for k in range(count) if texts[k] == clean[k]]
    assert (table["time_status"][untouched] == "read").all(), "a right reading was not taken"
    confirmed = [k for k in range(count) if table["time_status"][k] == "read"]
    pinned = table["time_status"].iloc[confirmed[0] : confirmed[-1]]
    assert not (pinned == "failed").any(), "between two confirmed readings of an even clock nothing is in doubt"


@settings(derandomize=True, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 240))
def test_across_a_gap_with_misreadings_no_time_is_wrong(seed, missing_minutes):
    dice = random.Random(seed)
    gap = timedelta(minutes=missing_minutes)
    before, after = dice.randint(12, 30), dice.randint(12, 30)
    truth = moments(START, before) + moments(START + timedelta(minutes=before) + gap, after)
    texts = [printed(t) for t in truth]
    for k in dice.sample(range(len(truth)), int(0.2 * len(truth))):
        text = misread(texts[k], dice)
        # what happens to be the very time on the other side of the gap is not to be told from it
        if text not in (printed(truth[k] + gap), printed(truth[k] - gap)):
            texts[k] = text
    table, notes = place(texts)
    assert not wrong_times(table, truth, texts, 60)
    assert notes[0] == f"gaps of {missing_minutes * 60} s"


def test_a_frame_without_text_at_a_gap_could_lie_on_either_side_and_fails():
    truth = moments(START, 10) + moments(START + timedelta(minutes=22), 10)
    texts = [printed(t) for t in truth]
    texts[9] = None
    table, notes = place(texts)
    assert table["time_status"].tolist() == ["read"] * 9 + ["failed"] + ["read"] * 10
    assert pd.isna(table["utc"][9]) and pd.isna(table["local_time"][9])
    assert notes == ["gaps of 720 s"]


def test_a_misread_text_at_a_gap_goes_to_the_side_it_resembles():
    truth = moments(START, 10) + moments(START + timedelta(minutes=155), 10)
    texts = [printed(t) for t in truth]
    texts[9] = texts[9].replace("20", "2O", 1)
    texts[10] = texts[10].replace("20", "2O", 1)
    table, _ = place(texts)
    assert table["time_status"].tolist() == ["read"] * 9 + ["repaired"] * 2 + ["read"] * 9
    assert (errors_s(table, truth) == 0).all()


def test_a_lone_outlier_inside_a_night_is_no_gap_and_one_at_its_end_is_left_open():
    truth = moments(START, 12)
    texts = [printed(t) for t in truth]
    texts[5] = printed(truth[5] + timedelta(minutes=10))
    texts[11] = printed(truth[11] + timedelta(minutes=10))
    table, notes = place(texts)
    assert not notes
    assert table["time_status"][5] == "repaired" and table["residual_s"][5] == 600
    assert table["time_status"][11] == "failed"
    assert (errors_s(table, truth) == 0).all()


def test_a_legible_time_within_the_tolerance_is_taken_as_printed():
    truth = moments(START, 20)
    truth[7] += timedelta(seconds=2)
    truth[8] -= timedelta(seconds=1)
    table, _ = place([printed(t) for t in truth])
    assert (table["time_status"] == "read").all()
    assert table["residual_s"][7:9].tolist() == [2, -1]
    assert (errors_s(table, truth) == 0).all()


def test_a_clock_that_drifts_by_seconds_a_night_is_followed_and_read():
    truth = [START + timedelta(seconds=round(60.02 * k)) for k in range(600)]  # 12 s in ten hours
    table, _ = place([printed(t) for t in truth])
    assert (table["time_status"] == "read").all()
    assert (errors_s(table, truth) == 0).all()


def test_a_frame_rate_that_is_no_whole_number_costs_no_reading():
    elapsed = np.arange(0, 400, 10) / 23.976 * 25 * 6
    truth = [START + timedelta(seconds=int(e)) for e in elapsed]  # the camera prints whole seconds
    table, _ = place([printed(t) for t in truth], elapsed)
    assert (table["time_status"] == "read").all()
    assert (errors_s(table, truth) == 0).all()


def test_both_hours_of_the_autumn_night_are_told_apart_by_the_printed_zone():
    start = datetime(2024, 11, 3, 6, 30, tzinfo=UTC)  # 00:30 MDT
    truth = moments(start, 180)
    texts = [printed(t) for t in truth]
    assert texts[30:32] == ["2024-11-03 01:00:00 MDT", "2024-11-03 01:01:00 MDT"]
    assert texts[90] == "2024-11-03 01:00:00 MST"
    table, notes = place(texts, night=date(2024, 11, 3))
    assert (table["time_status"] == "read").all() and not notes
    assert (errors_s(table, truth) == 0).all()
    assert table["utc_offset_min"].tolist() == [-360.0] * 90 + [-420.0] * 90
    assert table["local_time"][30] == table["local_time"][90] == pd.Timestamp("2024-11-03 01:00:00")


def test_a_night_without_legible_zones_runs_through_the_doubled_hour():
    truth = moments(datetime(2024, 11, 3, 6, 30, tzinfo=UTC), 180)
    table, notes = place([printed(t)[:19] for t in truth], night=date(2024, 11, 3))
    assert (table["time_status"] == "read").all() and not notes
    assert (errors_s(table, truth) == 0).all()


def test_the_spring_change_is_no_gap():
    start = datetime(2024, 3, 10, 8, 29, 54, tzinfo=UTC)
    truth = moments(start, 60)
    texts = [printed(t, SPRING) for t in truth]
    assert texts[30].startswith("2024/03/10 01:59:54") and texts[31].startswith("2024/03/10 03:00:54   MDT")
    texts[32] = None
    table, notes = place(texts, night=date(2024, 3, 10))
    assert not notes
    assert (errors_s(table, truth) == 0).all() and len(errors_s(table, truth)) == 60
    assert table["time_status"][32] == "interpolated"
    assert table["local_time"][32] == pd.Timestamp("2024-03-10 03:01:54")


def test_a_camera_that_prints_winter_time_in_summer_is_believed_and_told():
    truth = moments(datetime(2024, 4, 20, 6, 0, tzinfo=UTC), 20)
    texts = [(t - timedelta(hours=7)).strftime("%Y-%m-%d %H:%M:%S MST") for t in truth]
    texts[4] = texts[4].replace("MST", "")
    texts[9] = None
    table, notes = place(texts, night=date(2024, 4, 20))
    assert (errors_s(table, truth) == 0).all() and len(errors_s(table, truth)) == 20
    assert (table["utc_offset_min"] == -420).all()
    assert table["time_status"][[4, 9]].tolist() == ["repaired", "interpolated"]
    assert notes == ["18 frames print a zone that America/Yellowknife does not have then; the printed one decides"]


def test_dates_far_from_the_night_are_misreadings():
    truth = moments(START, 10)
    table, _ = place([printed(t) for t in truth], night=date(2024, 2, 10))
    assert (table["time_status"] == "failed").all()
    texts = [printed(t) for t in truth]
    texts[0] = texts[0].replace("2024", "2021")
    table, _ = place(texts)
    assert table["time_status"][0] == "repaired"
    assert (errors_s(table, truth) == 0).all()


def test_no_time_is_interpolated_further_from_a_reading_than_max_gap_s():
    truth = moments(START, 60)
    texts = [printed(t) if k < 10 or k >= 45 else None for k, t in enumerate(truth)]
    table, _ = place(texts, ocr=OcrUtc(max_gap_s=600))
    status = table["time_status"]
    assert (status[10:20] == "interpolated").all() and (status[35:45] == "interpolated").all()
    assert (status[20:35] == "failed").all()
    assert (errors_s(table, truth) == 0).all()


def test_damaged_frames_do_not_vote_but_are_read_where_they_fit():
    truth = moments(START, 12)
    texts = [printed(t + timedelta(hours=1)) if k < 6 else printed(t) for k, t in enumerate(truth)]
    texts[1], texts[2] = printed(truth[1]), None
    table, notes = place(texts, trusted=np.arange(12) >= 6)
    assert table["time_status"].tolist() == ["failed", "read", "interpolated"] + ["failed"] * 3 + ["read"] * 6
    assert (errors_s(table, truth) == 0).all() and not notes


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_readings_than_a_clock_needs_give_no_time(count):
    texts = [printed(t) for t in moments(START, count)] + [None] * 5
    table, _ = place(texts)
    assert (table["time_status"] == "failed").all()
    assert table["utc"].isna().all() and table["utc_offset_min"].isna().all()


def test_a_video_without_frames_gives_no_rows():
    table, notes = place([])
    assert table.empty and not notes


def test_a_single_zone_against_the_rules_is_misread_and_the_time_beside_it_stands():
    truth = moments(START, 10) + moments(START + timedelta(minutes=70), 10)
    texts = [printed(t) for t in truth]
    texts[10] = texts[10].replace("MST", "MDT")  # as it stands, an hour earlier: as if there were no gap yet
    table, _ = place(texts)
    assert (table["time_status"] == "read").all()
    assert (errors_s(table, truth) == 0).all()
    assert (table["utc_offset_min"] == -420).all()


def test_a_short_stretch_after_a_gap_is_not_drawn_to_the_clock_before_it():
    truth = moments(START, 20) + moments(START + timedelta(minutes=62), 3)
    texts = [printed(t) for t in truth]
    texts[21] = texts[21].replace("2024", "2O24")
    texts[22] = None
    table, _ = place(texts)
    assert table["time_status"].tolist() == ["read"] * 20 + ["failed"] * 3


def test_a_misread_text_at_a_gap_that_resembles_both_sides_fails():
    truth = moments(START, 6) + moments(START + timedelta(minutes=8), 10)
    texts = [printed(t) for t in truth]
    assert texts[5].endswith("18:24:54 MST")  # or 18:26:54, if the gap lay before it
    texts[5] = texts[5].replace(":24:", ":2B:")
    table, _ = place(texts)
    assert table["time_status"].tolist() == ["read"] * 5 + ["failed"] + ["read"] * 10


def test_a_last_text_that_speaks_against_the_clock_fails_though_it_is_no_whole_time():
    truth = [*moments(START, 10), START + timedelta(minutes=215)]
    texts = [printed(t) for t in truth]
    assert texts[10].endswith("21:54:54 MST")
    texts[10] = texts[10].replace(" 21:", " 241:")
    table, _ = place(texts)
    assert table["time_status"].tolist() == ["read"] * 10 + ["failed"]
    assert place([*texts[:10], "| -"])[0]["time_status"][10] == "interpolated"
