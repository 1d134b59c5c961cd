"""Due ticks and their outcomes, as pure functions of times."""

import pytest

from baton.domain.schedule.timetable import Combined, Cron, Interval, Once
from baton.protocols.iso_time import format_time
from baton.scheduler.schedules.due_ticks import MAX_DUE_TICKS, ON_TIME_MS, due_ticks, next_tick
from tests.scheduler.world import at

SECOND = 1_000
HOUR = 3_600_000
EVERY_HOUR = Interval(every_ms=HOUR)


def fired(ticks):
    return [tick.nominal_at for tick in ticks if tick.missed is None]


def missed(ticks):
    return [tick.nominal_at for tick in ticks if tick.missed is not None]


def test_nothing_is_due_before_its_time():
    ticks = due_ticks(EVERY_HOUR, anchor=0, last=None, now=HOUR - 1, policy="fire_once")

    assert ticks == []


def test_a_tick_is_due_at_its_time():
    ticks = due_ticks(EVERY_HOUR, anchor=0, last=None, now=HOUR, policy="fire_once")

    assert fired(ticks) == [HOUR]


def test_a_recorded_tick_is_not_due_again():
    ticks = due_ticks(EVERY_HOUR, anchor=0, last=HOUR, now=HOUR + 5, policy="fire_once")

    assert ticks == []


def test_no_tick_is_due_twice_after_the_clock_is_put_back():
    ticks = due_ticks(EVERY_HOUR, anchor=0, last=5 * HOUR, now=2 * HOUR, policy="fire_all")

    assert ticks == []
    assert next_tick(EVERY_HOUR, anchor=0, last=5 * HOUR) == 6 * HOUR


@pytest.mark.parametrize(
    ("policy", "fires", "misses"),
    [
        ("fire_once", [3 * HOUR], [HOUR, 2 * HOUR]),
        ("fire_all", [HOUR, 2 * HOUR, 3 * HOUR], []),
        ("skip", [], [HOUR, 2 * HOUR, 3 * HOUR]),
    ],
)
def test_the_policy_decides_the_outcome_of_missed_ticks(policy, fires, misses):
    ticks = due_ticks(EVERY_HOUR, anchor=0, last=None, now=3 * HOUR + 60_000, policy=policy)

    assert (fired(ticks), missed(ticks)) == (fires, misses)


@pytest.mark.parametrize(("late", "fires"), [(0, 1), (ON_TIME_MS, 1), (ON_TIME_MS + 1, 0)])
def test_skip_still_fires_ticks_delayed_by_a_handover(late, fires):
    ticks = due_ticks(EVERY_HOUR, anchor=0, last=None, now=HOUR + late, policy="skip")

    assert len(fired(ticks)) == fires
    assert len(ticks) == 1


def test_ticks_come_oldest_first_whatever_their_outcome():
    ticks = due_ticks(EVERY_HOUR, anchor=0, last=None, now=9 * HOUR, policy="fire_once")

    assert [tick.nominal_at for tick in ticks] == [n * HOUR for n in range(1, 10)]


def test_once_in_the_past_is_missed_from_the_start():
    ticks = due_ticks(Once(at=500), anchor=600, last=None, now=600, policy="fire_all")

    assert (fired(ticks), missed(ticks)) == ([], [500])
    assert next_tick(Once(at=500), anchor=600, last=None) == 600


def test_once_in_the_past_is_missed_only_once():
    assert due_ticks(Once(at=500), anchor=600, last=500, now=700, policy="fire_all") == []
    assert next_tick(Once(at=500), anchor=600, last=500) is None


def test_once_fires_late_if_no_scheduler_ran_at_its_time():
    ticks = due_ticks(Once(at=500), anchor=400, last=None, now=9 * HOUR, policy="fire_once")

    assert fired(ticks) == [500]


def test_a_huge_backlog_is_one_missed_tick_besides_the_newest_ones():
    every_second = Interval(every_ms=SECOND)
    year = 365 * 24 * HOUR
    ticks = due_ticks(every_second, anchor=0, last=None, now=year, policy="fire_once")

    assert fired(ticks) == [year]
    assert ticks[0].nominal_at == SECOND
    assert ticks[0].missed is not None
    assert format_time(ticks[1].nominal_at) in ticks[0].missed.reason
    assert 1 < len(ticks) <= MAX_DUE_TICKS + 1


def test_fire_all_fires_the_newest_ticks_of_a_huge_backlog_without_a_gap():
    every_second = Interval(every_ms=SECOND)
    year = 365 * 24 * HOUR
    ticks = due_ticks(every_second, anchor=0, last=None, now=year, policy="fire_all")

    made_up = fired(ticks)
    assert made_up == list(range(made_up[0], year + 1, SECOND))
    assert missed(ticks) == [SECOND]


def test_the_newest_tick_is_found_when_a_sparse_time_follows_a_dense_one():
    every_minute_of_new_year = Cron(expression="* * 1 1 *")
    now = at("2025-11-30")
    ticks = due_ticks(
        every_minute_of_new_year,
        anchor=at("2020-06-01"),
        last=None,
        now=now,
        policy="fire_once",
    )

    assert fired(ticks) == [at("2025-01-01 23:59")]


TOGETHER = Combined(
    timetables=(Interval(every_ms=2 * HOUR), Interval(every_ms=3 * HOUR), Once(at=7 * HOUR))
)


def test_combined_timetables_have_the_ticks_of_all_each_instant_once():
    ticks = due_ticks(TOGETHER, anchor=0, last=None, now=8 * HOUR, policy="fire_all")

    assert fired(ticks) == [n * HOUR for n in (2, 3, 4, 6, 7, 8)]
    assert next_tick(TOGETHER, anchor=0, last=8 * HOUR) == 9 * HOUR


def test_single_instants_among_timetables_that_were_past_are_missed_first():
    anchor = 7 * HOUR + 5
    assert next_tick(TOGETHER, anchor=anchor, last=None) == anchor
    ticks = due_ticks(TOGETHER, anchor=anchor, last=None, now=20 * HOUR, policy="fire_all")

    assert (fired(ticks), missed(ticks)) == ([], [7 * HOUR])
    assert next_tick(TOGETHER, anchor=anchor, last=7 * HOUR) == anchor + 2 * HOUR
