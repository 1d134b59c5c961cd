"""Timetables agree with the oracle in all zones and years, through all changes of the clock."""

from datetime import date
from functools import cache, lru_cache
from itertools import pairwise, product
from typing import get_args

import pytest

from baton.domain.schedule import timetable
from baton.domain.schedule.timetable import Cron
from tests.domain import cron_oracle
from tests.domain.cron_oracle import DAY, Expression, Zone

MINUTE_MS = 60_000
YEARS = range(2010, 2020)  # a zone skipped a day, and many changed their rules
ZONES = (
    "UTC",
    "Africa/Cairo",  # changed its rules at short notice, and back
    "Africa/Casablanca",  # four changes a year, around Ramadan
    "America/Caracas",  # a permanent change by half an hour
    "America/New_York",
    "America/Sao_Paulo",  # changes at midnight: some days begin at 01:00
    "America/St_Johns",  # changed at 00:01, back over midnight
    "Antarctica/Troll",  # changes by two hours
    "Asia/Gaza",
    "Asia/Kathmandu",  # 5:45
    "Asia/Kolkata",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Atlantic/Azores",
    "Australia/Lord_Howe",  # changes by half an hour
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Dublin",  # its winter time is the daylight saving one
    "Europe/Istanbul",
    "Europe/Moscow",
    "Pacific/Apia",  # skipped 30 December 2011
    "Pacific/Chatham",  # 12:45
)
TIMES = (
    *("0 0", "1 0", "30 2", "59 23", "0,30 1-3", "20-40/10 2", "5 0,12,23"),
    *("*/30 2", "0 */6", "50/5 23", "7 22-1"),
)
RHYTHMS = ("9-9 *", "0 *", "*/5 *", "*/7 0-3", "0-59 1", "13,43 */2", "10-50/20 1-23/2")
DATES = (
    *("* * *", "1 * *", "31 * *", "L * *", "29 2 *", "*/2 * *", "1,15 3,10,11 *", "30 12 *"),
    *("* * Sun", "* * 1-5", "* * FRI-mon", "* * 7", "13 * fri", "25-31 mar,oct 0"),
    *("* * 1#2", "* 11-2 sun#1,sun#5", "* * L0", "L nov-mar */3"),
    *("*/2 * 1-5", "1-7 * */2"),
)
EVERYDAY = ("* * *", "25-31 3,10 0", "1 * 6", "29-31/2 * *")
TEXTS = (
    *(" ".join(pair) for pair in product(TIMES, DATES)),
    *(" ".join(pair) for pair in product(RHYTHMS, EVERYDAY)),
    "* * * * *",
)
DENSE = 8  # times a day: sparser expressions are compared on all days, others on selected ones
WINDOW = 2 * DAY


@cache
def expressions() -> tuple[Expression, ...]:
    return tuple(Expression(text) for text in TEXTS)


@cache
def dates(text: str, years: range) -> tuple[date, ...]:
    expression = Expression(text)
    every = cron_oracle.days(date(years[0], 1, 1), date(years[-1], 12, 31))
    return tuple(day for day in every if expression.matches(day))


def selected_days(zone: Zone, years: range) -> list[date]:
    """Return the days around changes, the ends of years and Februaries, and a day per quarter."""
    plain = [(1, 1), (2, 28), (3, 1), (5, 13), (8, 14), (11, 15), (12, 31)]
    inside = {day for day in zone.irregular_days if zone.first < day < zone.last}
    return sorted(inside | {date(year, *day) for year in years for day in plain})


@lru_cache(maxsize=1)
def windows(zone: Zone, years: range) -> list[tuple[int, int]]:
    """Return disjoint spans of UTC around the selected days."""
    found: list[tuple[int, int]] = []
    for day in selected_days(zone, years):
        start = max(cron_oracle.minutes(day) - DAY // 2, cron_oracle.minutes(zone.first) + DAY)
        end = min(start + WINDOW, cron_oracle.minutes(zone.last))
        if found and start <= found[-1][1]:
            start = found.pop()[0]
        found.append((start, end))
    return [(start, end) for start, end in found if start < end]


@lru_cache(maxsize=1)
def days_of_windows(zone: Zone, years: range) -> frozenset[date]:
    """Return the dates on the wall clock in the windows, and a day on both sides."""
    return frozenset(
        day
        for start, end in windows(zone, years)
        for day in cron_oracle.days(
            cron_oracle.wall_date(start - DAY), cron_oracle.wall_date(end + DAY)
        )
    )


def fires(cron: Cron, start: int, end: int) -> list[int]:
    """Return the minutes in [`start`, `end`) at which the timetable fires."""
    found = timetable.fire_times(
        cron, after=start * MINUTE_MS - 1, until=end * MINUTE_MS - 1, anchor=0, limit=100_000
    )
    assert all(at % MINUTE_MS == 0 for at in found)
    return [at // MINUTE_MS for at in found]


def compare(expression: Expression, zone: Zone, name: str, years: range) -> set[int]:
    """Compare an expression in a zone with the oracle, and return the years compared."""
    cron = Cron(expression=expression.text, timezone=name)
    named = dates(expression.text, years)
    spans = [(cron_oracle.minutes(zone.first) + DAY, cron_oracle.minutes(zone.last))]
    if len(expression.times) > DENSE:
        spans = windows(zone, years)
        named = tuple(day for day in named if day in days_of_windows(zone, years))
    expected = cron_oracle.fires(expression, zone, named)
    seen: set[int] = set()
    for start, end in spans:
        found = fires(cron, start, end)
        assert found == cron_oracle.between(expected, start, end), (expression.text, name, start)
        seen.update(range(cron_oracle.wall_date(start).year, cron_oracle.wall_date(end).year + 1))
    return seen


def test_the_oracle_compares_the_intended_number_of_years():
    assert len(set(ZONES)) >= 20
    assert len(YEARS) >= 10
    assert len(set(TEXTS)) >= 200
    assert len(ZONES) * len(YEARS) * len(TEXTS) >= 40_000


@pytest.mark.parametrize("name", ZONES)
def test_ten_years_of_every_expression_agree_with_the_oracle(name):
    zone = Zone(name, YEARS)
    compared = {
        (expression.text, year)
        for expression in expressions()
        for year in compare(expression, zone, name, YEARS)
    }
    assert compared == set(product(TEXTS, YEARS))


@pytest.mark.parametrize("name", ["Australia/Lord_Howe", "Europe/Berlin", "Asia/Jerusalem"])
def test_years_after_the_zone_tables_agree_with_the_oracle(name):
    years = range(2037, 2041)  # the table of a zone ends in 2037; later years follow a rule
    zone = Zone(name, years)
    assert len(zone.changes) == 2 * len(years)
    for expression in expressions():
        assert compare(expression, zone, name, years) == set(years)


@pytest.mark.parametrize("name", ["America/St_Johns", "Antarctica/Troll", "Pacific/Apia"])
@pytest.mark.parametrize("gap", get_args(timetable.DstGap))
@pytest.mark.parametrize("fold", get_args(timetable.DstFold))
def test_each_daylight_saving_policy_agrees_with_the_oracle(name, gap, fold):
    years = range(2011, 2013)
    zone = Zone(name, years)
    for expression in expressions():
        cron = Cron(expression=expression.text, timezone=name, dst_gap=gap, dst_fold=fold)
        named = dates(expression.text, years)
        expected = cron_oracle.fires(expression, zone, named, gap=gap, fold=fold)
        for start, end in windows(zone, years):
            assert fires(cron, start, end) == cron_oracle.between(expected, start, end)


@pytest.mark.parametrize("name", ["America/Sao_Paulo", "Africa/Casablanca"])
def test_the_next_fire_after_each_fire_is_the_next_one_of_the_oracle(name):
    years = range(2016, 2019)
    zone = Zone(name, years)
    for expression in expressions():
        cron = Cron(expression=expression.text, timezone=name)
        expected = cron_oracle.fires(expression, zone, dates(expression.text, years))
        for start, end in windows(zone, years):
            for at, following in pairwise(cron_oracle.between(expected, start, end)[:100]):
                found = timetable.next_fire(cron, after=at * MINUTE_MS, anchor=0)
                assert found == following * MINUTE_MS, (expression.text, at)
