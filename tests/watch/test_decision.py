"""The decision against its definition, for any pictures and any rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aurora_gradcam.config import Watch
from aurora_gradcam.watch.decision import Change, Decision, decide, first_sight, forget, is_gap

START = datetime(2024, 2, 1, 7, tzinfo=UTC)
SHARES = st.floats(0, 1)


@st.composite
def rules(draw: st.DrawFn) -> Watch:
    window = draw(st.integers(1, 9))
    low, high = sorted((draw(SHARES), draw(SHARES)))
    counts = st.integers(1, window)
    return Watch(window=window, begin=draw(counts), end=draw(counts), p_begin=high, p_end=low)


def run(levels: list[float], rule: Watch, decision: Decision | None = None) -> tuple[list[Change], Decision]:
    decision, changes = decision or Decision(), []
    for number, p in enumerate(levels):
        decision, change = decide(decision, START + timedelta(minutes=number), p, rule)
        changes.append(change)
    return changes, decision


@given(st.lists(SHARES, max_size=60), rules())
def test_it_is_k_of_the_last_n_since_the_last_change(levels, rule):
    changes, decision = run(levels, rule)
    is_aurora, since = False, 0
    for number, change in enumerate(changes):
        recent = levels[since : number + 1][-rule.window :]
        if is_aurora:
            due = sum(p < rule.p_end for p in recent) >= rule.end
        else:
            due = sum(p >= rule.p_begin for p in recent) >= rule.begin
        expected = Change.NONE if not due else Change.ENDS if is_aurora else Change.BEGINS
        assert change is expected
        if due:
            is_aurora, since = not is_aurora, number + 1
    assert decision.is_aurora is is_aurora


@given(st.lists(SHARES, max_size=80), rules())
def test_begin_and_end_take_turns_and_neither_lasts_less_than_its_number_of_pictures(levels, rule):
    changes, _ = run(levels, rule)
    turns = [(number, change) for number, change in enumerate(changes) if change]
    assert [change for _, change in turns] == [Change.BEGINS, Change.ENDS] * (len(turns) // 2) + (
        [Change.BEGINS] if len(turns) % 2 else []
    )
    before = -1
    for number, change in turns:
        assert number - before >= (rule.end if change is Change.ENDS else rule.begin)
        before = number


@given(st.lists(SHARES, max_size=40), st.integers(0, 40), rules())
def test_it_goes_on_from_any_picture_as_if_it_had_never_stopped(levels, place, rule):
    whole, decision = run(levels, rule)
    first, middle = run(levels[:place], rule)
    rest, end = run(levels[place:], rule, middle)
    assert first + rest == whole
    assert (end.is_aurora, [p for _, p in end.recent]) == (decision.is_aurora, [p for _, p in decision.recent])


@given(st.floats(0, 0.999), st.integers(2, 6), st.integers(0, 30))
def test_a_single_sure_picture_announces_nothing_where_two_are_asked_for(low, window, place):
    rule = Watch(window=window, begin=2, end=1, p_begin=1, p_end=0)
    levels = [low] * 31
    levels[place] = 1.0
    assert not any(run(levels, rule)[0])


def test_between_the_two_levels_it_stays_as_it_is():
    rule = Watch(window=3, begin=2, end=2, p_begin=0.6, p_end=0.4)
    assert not any(run([0.59, 0.5, 0.41] * 9, rule)[0])
    changes, decision = run([0.7, 0.7, *[0.5] * 20], rule)
    assert changes.count(Change.BEGINS) == 1 and changes.count(Change.ENDS) == 0 and decision.is_aurora


def test_the_event_begins_with_the_first_picture_that_counted():
    rule = Watch(window=5, begin=3, end=4)
    _, before = run([0.9, 0.1, 0.9, 0.1], rule)
    assert first_sight(before, START + timedelta(minutes=4), rule) == START
    _, before = run([0.9, 0.1, 0.1, 0.9, 0.9 - 0.4], rule)
    assert first_sight(before, START + timedelta(minutes=5), rule) == START + timedelta(minutes=3)
    assert first_sight(Decision(), START, Watch(window=1, begin=1, end=1)) == START


def test_a_gap_is_one_in_both_directions_of_the_clock_and_to_forget_ends_what_was_held():
    rule = Watch(max_gap_s=600)
    assert not is_gap(START, START + timedelta(seconds=600), rule)
    assert is_gap(START, START + timedelta(seconds=601), rule) and is_gap(START, START - timedelta(hours=1), rule)
    assert forget(Decision(is_aurora=True)) == (Decision(), Change.ENDS)
    assert forget(Decision(recent=((START, 1.0),))) == (Decision(), Change.NONE)
