"""Timetables: examples and properties. `test_cron_oracle` compares cron with an oracle."""

import struct
import zoneinfo
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.domain.schedule.timetable import (
    LATEST_MS,
    Cron,
    Interval,
    InvalidTimetable,
    Once,
    Timetable,
    check_timetable,
    fire_times,
    next_fire,
    split_missed,
)

HOUR = 3_600_000
DAY = 24 * HOUR
BERLIN = "Europe/Berlin"  # 2025: forward on 30 March at 01:00 UTC, back on 26 October at 01:00 UTC


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def shown(instants: list[int]) -> list[str]:
    return [datetime.fromtimestamp(at / 1000, UTC).strftime("%m-%d %H:%M") for at in instants]


def fires_on(day: str, timetable: Timetable, *, days: int = 1) -> list[str]:
    start = ms(day) - 1
    return shown(fire_times(timetable, after=start, until=start + days * DAY, anchor=0))


# --- interval and once ---------------------------------------------------------------------------


def test_an_interval_ticks_from_when_the_schedule_became_active():
    timetable = Interval(every_ms=90_000)
    assert next_fire(timetable, after=1_000, anchor=1_000) == 91_000
    assert next_fire(timetable, after=90_999, anchor=1_000) == 91_000
    assert next_fire(timetable, after=91_000, anchor=1_000) == 181_000


def test_an_interval_does_not_tick_before_it_is_active():
    assert next_fire(Interval(every_ms=1_000), after=-5_000, anchor=7_000) == 8_000


def test_an_interval_is_not_moved_by_daylight_saving():
    timetable = Interval(every_ms=6 * HOUR, timezone=BERLIN)
    found = fire_times(timetable, after=0, until=ms("2025-03-31"), anchor=ms("2025-03-29"))
    assert {later - at for at, later in pairwise(found)} == {6 * HOUR}


def test_once_fires_once():
    timetable = Once(at=5_000)
    assert next_fire(timetable, after=4_999, anchor=0) == 5_000
    assert next_fire(timetable, after=5_000, anchor=0) is None


def test_once_may_lie_in_the_past():
    check_timetable(Once(at=0))
    assert next_fire(Once(at=0), after=1, anchor=1) is None


# --- cron and daylight saving --------------------------------------------------------------------


def test_a_time_of_day_is_read_in_its_zone():
    timetable = Cron(expression="0 9 * * *", timezone="America/New_York")
    assert fires_on("2025-01-07", timetable) == ["01-07 14:00"]
    assert fires_on("2025-07-07", timetable) == ["07-07 13:00"]


@pytest.mark.parametrize(("gap", "expected"), [("shift", ["03-30 01:00"]), ("skip", [])])
def test_a_time_that_does_not_exist_fires_at_the_next_instant_or_never(gap, expected):
    timetable = Cron(expression="30 2 * * *", timezone=BERLIN, dst_gap=gap)
    assert fires_on("2025-03-30", timetable) == expected


@pytest.mark.parametrize(
    ("fold", "expected"),
    [
        ("first", ["10-26 00:30"]),
        ("last", ["10-26 01:30"]),
        ("both", ["10-26 00:30", "10-26 01:30"]),
    ],
)
def test_a_time_that_exists_twice_fires_as_its_policy_says(fold, expected):
    timetable = Cron(expression="30 2 * * *", timezone=BERLIN, dst_fold=fold)
    assert fires_on("2025-10-26", timetable) == expected


def test_several_times_that_do_not_exist_fire_together_once():
    timetable = Cron(expression="0,15,30 2,3 * * *", timezone=BERLIN)
    assert fires_on("2025-03-30", timetable) == ["03-30 01:00", "03-30 01:15", "03-30 01:30"]


@pytest.mark.parametrize("expression", ["*/30 * * * *", "0,30 * * * *", "*/30 0-23 * * *"])
@pytest.mark.parametrize("day", ["2025-03-30", "2025-10-26"])
def test_a_rhythm_follows_real_time_through_both_changes_of_the_clock(expression, day):
    timetable = Cron(expression=expression, timezone=BERLIN)
    found = fire_times(timetable, after=ms(day) - 1, until=ms(day) + DAY - 1, anchor=0)
    assert found == list(range(ms(day), ms(day) + DAY, HOUR // 2))


@pytest.mark.parametrize("gap", ["shift", "skip"])
@pytest.mark.parametrize("fold", ["first", "last", "both"])
def test_a_rhythm_in_the_skipped_or_repeated_hour_ignores_the_policies(gap, fold):
    timetable = Cron(expression="*/30 2 * * *", timezone=BERLIN, dst_gap=gap, dst_fold=fold)
    assert fires_on("2025-03-30", timetable) == []
    twice = ["10-26 00:00", "10-26 00:30", "10-26 01:00", "10-26 01:30"]
    assert fires_on("2025-10-26", timetable) == twice


def test_a_daylight_saving_change_of_half_an_hour_is_half_an_hour():
    timetable = Cron(expression="15 2 * * *", timezone="Australia/Lord_Howe")
    assert fires_on("2025-10-04", timetable) == ["10-04 15:30"]  # 02:15 is skipped


def test_a_day_that_a_zone_skipped_fires_when_the_next_one_begins():
    timetable = Cron(expression="0 9 30 12 *", timezone="Pacific/Apia")
    assert fires_on("2011-12-29", timetable, days=3) == ["12-30 10:00"]


@pytest.fixture
def new_year_zone(tmp_path):
    """A zone at UTC+1 from each 1 January 00:00 UTC to 19 July 00:00 UTC, else at UTC."""
    counts = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, 4)
    block = counts + struct.pack(">lbB4s", 0, 0, 0, b"AAA\0")
    (tmp_path / "New_Year").write_bytes(block * 2 + b"\nAAA0BBB-1,J1/0,J200/1\n")
    known = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([tmp_path])
    yield "New_Year"
    zoneinfo.reset_tzpath(known)


def test_a_change_of_the_clock_at_the_start_of_a_utc_year_is_found(new_year_zone):
    timetable = Cron(expression="30 0 * * *", timezone=new_year_zone)
    new_year = fires_on("2025-12-31", timetable, days=2)
    assert new_year == ["12-31 00:30", "01-01 00:00", "01-01 23:30"]
    assert fires_on("2025-07-18", timetable, days=2) == ["07-18 23:30"]


# --- cron dates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ("13 * fri", [6, 13, 20, 27]),  # either field
        ("2 * fri", [2, 6, 13, 20, 27]),
        ("* * fri", [6, 13, 20, 27]),
        ("*/1 * fri", [6, 13, 20, 27]),
        ("*,3 * fri", [6, 13, 20, 27]),
        ("3 * */1", [3]),
        ("*/9 * 7", [1]),  # both fields, where one begins with *
        ("*/2 * 1", [9, 23]),
        ("2-28/9 * 7", [1, 2, 8, 11, 15, 20, 22]),
        ("1-7 * */6", [1, 7]),
        ("8,*/27 * sun", [8, 15, 1, 22, 28]),
        ("*/27,8 * sun", [1, 8]),
        ("9-9 2-2 *", [9]),
        ("9-9/3 * *", [9]),
        ("* * 7-0", [1, 8, 15, 22]),
        ("* * mon-1", [2, 9, 16, 23]),
        ("L * *", [28]),
        ("1,L feb *", [1, 28]),
        ("* * L5", [27]),
        ("* * 5#1,sun#4", [6, 22]),
        ("* * sat-mon", [1, 2, 7, 8, 9, 14, 15, 16, 21, 22, 23, 28]),
        ("* * 5-7", [1, 6, 7, 8, 13, 14, 15, 20, 21, 22, 27, 28]),
        ("20/4 * *", [20, 24, 28]),
        ("1-10/4 jan-mar *", [1, 5, 9]),
        ("* nov-jan *", []),
    ],
)
def test_the_days_of_february_2026(dates, expected):
    found = fires_on("2026-02-01", Cron(expression=f"0 12 {dates}"), days=28)
    assert found == [f"02-{day:02} 12:00" for day in sorted(expected)]


@pytest.mark.parametrize("written", ["{}", " {}", "{}\n", "\r\n\t{} \n"])
def test_blanks_and_line_ends_around_an_expression_are_trimmed(written):
    found = fires_on("2026-02-01", Cron(expression=written.format("0 12 13 * *")), days=28)
    assert found == ["02-13 12:00"]


@pytest.mark.parametrize("step", ["*/60 * * * *", "0 */24 * * *", "0 0 */31 * *", "0 0 1 */12 *"])
def test_a_step_as_large_as_its_field_names_the_first_value(step):
    check_timetable(Cron(expression=step))


def test_a_leap_day_fires_every_four_years():
    leap_day = Cron(expression="0 0 29 2 *")
    assert next_fire(leap_day, after=ms("2096-03-01"), anchor=0) == ms("2104-02-29")


def test_the_rarest_date_fires_after_forty_years():
    rarest = Cron(expression="0 0 * 2 sun#5")
    assert next_fire(rarest, after=ms("2088-03-01"), anchor=0) == ms("2128-02-29")


def test_after_the_last_year_nothing_fires():
    for timetable in (Cron(expression="* * * * *"), Interval(every_ms=1_000)):
        assert next_fire(timetable, after=LATEST_MS, anchor=0) is None
        assert next_fire(timetable, after=10**30, anchor=0) is None


def test_before_1970_nothing_fires():
    assert next_fire(Cron(expression="0 0 * * *"), after=-(10**15), anchor=0) == 0


# --- invalid timetables -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("0 0 30 2 * *", "five fields"),
        ("0 0 0 1 1 * 2030", "five fields"),
        ("*\n* * * *", "five fields"),
        ("*\u00a0* * * *", "five fields"),
        ("0 0 * * *\u00a0", "day of week"),
        ("*/90 * * * *", "step"),
        ("0 */25 * * *", "step"),
        ("0 0 */32 * *", "step"),
        ("0 0 1 */13 *", "step"),
        ("0 0 * * */8", "step"),
        ("0-10/61 * * * *", "step"),
        ("9-9/61 * * * *", "step"),
        ("@daily", "@daily"),
        ("@reboot", "@daily"),
        ("R * * * *", "random"),
        ("R(0-9) 0 * * *", "random"),
        ("0 H/2 * * *", "random"),
        ("0 0 * * R", "random"),
        ("0 0 30 2 *", "never"),
        ("0 0 31 4,6,9,11 *", "never"),
        ("* " * 50_000, "longer than 200"),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day of week"),
        ("* * * * mon#6", "day of week"),
        ("* * * * 1,1#2", "mixes"),
        ("* * 15W * *", "day of month"),
        ("0 0 ? * 1", "write *"),
        ("0 0 1 * ?", "write *"),
        ("? * * * *", "write *"),
        ("L * * * *", "minute"),
        ("0 0 * L *", "month"),
        ("0 0 * * L", "day of week"),
        ("* * * foo *", "month"),
        ("*/0 * * * *", "minute"),
        ("-1 * * * *", "minute"),
        ("1_0 * * * *", "minute"),
        ("\u0661 * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("* 21-2/2 * * *", "backwards"),
    ],
)
def test_an_unsupported_expression_is_refused_with_the_reason(expression, reason):
    with pytest.raises(InvalidTimetable) as refusal:
        check_timetable(Cron(expression=expression))
    assert refusal.value.field == "expression"
    assert reason in refusal.value.reason
    assert "\n" not in refusal.value.reason
    assert len(refusal.value.reason) < 300


@pytest.mark.parametrize("every_ms", [-1_000, -1, 0, 1, 999, 10**18])
def test_an_interval_below_a_second_or_beyond_a_century_is_refused(every_ms):
    with pytest.raises(InvalidTimetable) as refusal:
        check_timetable(Interval(every_ms=every_ms))
    assert refusal.value.field == "every_ms"


@pytest.mark.parametrize("at", [-1, LATEST_MS + 1, 2**63])
def test_an_instant_outside_the_calendar_is_refused(at):
    with pytest.raises(InvalidTimetable) as refusal:
        check_timetable(Once(at=at))
    assert refusal.value.field == "at"


@pytest.mark.parametrize(
    "name",
    [
        *("", "Mars/Olympus", "europe/berlin ", "UTC\n", "A" * 10_000, "Europe/Ber\0lin", "\ud800"),
        *("../../../etc/passwd", "/etc/localtime", "Europe/../UTC", "./UTC", "Europe", "zone.tab"),
        *("localtime", "posixrules", "Factory", "right/UTC", "posix/UTC"),
    ],
)
@pytest.mark.parametrize(
    "timetable", [Cron(expression="0 0 * * *"), Interval(every_ms=1_000), Once(at=0)]
)
def test_an_unknown_time_zone_is_refused(name, timetable):
    with pytest.raises(InvalidTimetable) as refusal:
        check_timetable(replace(timetable, timezone=name))
    assert refusal.value.field == "timezone"


# --- missed fires --------------------------------------------------------------------------------


def test_fire_once_fires_the_latest_missed_instant():
    assert split_missed("fire_once", [1, 2, 3]) == ([3], [1, 2])


def test_fire_all_fires_every_missed_instant():
    assert split_missed("fire_all", [1, 2, 3]) == ([1, 2, 3], [])


def test_skip_fires_no_missed_instant():
    assert split_missed("skip", [1, 2, 3]) == ([], [1, 2, 3])


@pytest.mark.parametrize("policy", ["fire_once", "fire_all", "skip"])
def test_no_policy_fires_anything_if_nothing_was_missed(policy):
    assert split_missed(policy, []) == ([], [])


# --- properties ----------------------------------------------------------------------------------

ZONES = st.sampled_from(
    ["UTC", BERLIN, "America/St_Johns", "Pacific/Apia", "Africa/Casablanca", "Antarctica/Troll"]
)
UNHURRIED = settings(deadline=None)
INSTANTS = st.integers(ms("2009-01-01"), ms("2030-01-01"))


@st.composite
def crons(draw) -> Cron:
    def field(low: int, high: int) -> str:
        numbers = st.lists(st.integers(low, high), min_size=1, max_size=3, unique=True)
        listed = ",".join(map(str, draw(numbers)))
        return str(draw(st.sampled_from(["*", f"*/{draw(st.integers(1, high))}", listed])))

    days = draw(st.sampled_from(["*", "1", "*/2", "L", "15-31/3"]))
    weekdays = draw(st.sampled_from(["*", "mon-fri", "0", "2#1", "L6"]))
    return Cron(
        expression=f"{field(0, 59)} {field(0, 23)} {days} {field(1, 12)} {weekdays}",
        timezone=draw(ZONES),
        dst_gap=draw(st.sampled_from(["shift", "skip"])),
        dst_fold=draw(st.sampled_from(["first", "last", "both"])),
    )


TIMETABLES = st.one_of(
    crons(),
    st.builds(Interval, every_ms=st.integers(60_000, 30 * DAY)),
    st.builds(Once, at=INSTANTS),
)


@UNHURRIED
@given(TIMETABLES, INSTANTS, INSTANTS, st.integers(0, 400 * DAY))
def test_the_next_fire_is_later_and_never_moves_back(timetable, anchor, after, later):
    first = next_fire(timetable, after=after, anchor=anchor)
    second = next_fire(timetable, after=after + later, anchor=anchor)
    assert first is None or first > after
    assert second is None or (first is not None and first <= second)


@UNHURRIED
@given(TIMETABLES, INSTANTS, INSTANTS, st.integers(1, 400 * DAY))
def test_nothing_fires_between_an_instant_and_its_next_fire(timetable, anchor, after, back):
    following = next_fire(timetable, after=after, anchor=anchor)
    if following is not None:
        between = max(after, following - back)
        assert next_fire(timetable, after=between, anchor=anchor) == (
            following if between < following else None
        )


@UNHURRIED
@given(
    TIMETABLES,
    INSTANTS,
    INSTANTS,
    st.integers(0, 20 * DAY),
    st.integers(0, 20 * DAY),
)
def test_the_fires_of_two_adjacent_spans_are_those_of_the_whole(timetable, anchor, start, one, two):
    def stretch(after: int, until: int) -> list[int]:
        return fire_times(timetable, after=after, until=until, anchor=anchor, limit=100_000)

    middle, end = start + one, start + one + two
    assert stretch(start, end) == stretch(start, middle) + stretch(middle, end)


@UNHURRIED
@given(TIMETABLES, INSTANTS, INSTANTS, st.integers(0, 5))
def test_fire_times_are_successive_next_fires_up_to_the_limit(timetable, anchor, after, limit):
    found = fire_times(timetable, after=after, until=LATEST_MS, anchor=anchor, limit=limit)
    at: int | None = after
    for expected in found:
        assert at is not None
        at = next_fire(timetable, after=at, anchor=anchor)
        assert at == expected


@UNHURRIED
@given(TIMETABLES)
def test_the_random_timetables_are_valid(timetable):
    check_timetable(timetable)


@UNHURRIED
@given(st.text(st.sampled_from("0123456789*/,-#?LRHWlrhw @mon\t\n\x00é"), max_size=40))
def test_any_text_is_an_expression_or_is_refused_with_a_reason(text):
    timetable = Cron(expression=text)
    try:
        check_timetable(timetable)
    except InvalidTimetable as refusal:
        assert refusal.reason  # noqa: PT017 - either outcome is right
    else:
        assert next_fire(timetable, after=0, anchor=0) is not None
