"""The checkers of services that share a log find every defect in histories that are broken."""

from dataclasses import replace
from typing import Any

import pytest

from tests.faults import distributed_checkers as checkers
from tests.faults.distributed_checkers import InjectedFault, LeaseObservation, Published
from tests.faults.event_log import Log, Logged

LENGTHS = {"demo/run/r1": 4, "demo/run/r2": 3}
INTERVAL = 1_000


def _logged(position: int, stream: str, version: int, topic: str, **data: Any) -> Logged:
    return Logged(position, stream, version, topic, {"at": 10_000 + position, **data})


def _log() -> Log:
    """Return a run started by a record event, a run started by a tick, and its schedule."""
    causes: dict[str, dict[str, Any]] = {
        "demo/run/r1": {"trigger": {"kind": "record", "event_id": "e1"}, "definition_id": "d"},
        "demo/run/r2": {"trigger": {"kind": "schedule"}, "definition_id": "s"},
    }
    log: Log = [
        _logged(1, "demo/record/x", 1, "record.RecordReceived"),
        _logged(2, "demo/schedule/s", 1, "schedule.ScheduleMissed", nominal_at=7_000),
        _logged(3, "demo/schedule/s", 2, "schedule.ScheduleFired", nominal_at=8_000, run_id="r2"),
        _logged(4, "demo/schedule/s", 3, "schedule.ScheduleSkipped", nominal_at=9_000),
    ]
    for stream, length in LENGTHS.items():
        for version in range(1, length + 1):
            name = {1: "RunRequested", length: "RunCompleted"}.get(version, "StepStarted")
            data = causes[stream] if version == 1 else {}
            log.append(_logged(len(log) + 1, stream, version, f"run.{name}", **data))
    return log


LOG = _log()
PUBLISHED = [
    Published(partition, version - 1, stream, version)
    for partition, (stream, length) in enumerate(LENGTHS.items())
    for version in range(1, length + 1)
]
REPEATED = [*PUBLISHED, *(one._replace(offset=one.offset + 9) for one in PUBLISHED[1:])]
OBSERVATIONS = [
    LeaseObservation("relay", "a", 1),
    LeaseObservation("scheduler", "a", 4),
    LeaseObservation("relay", "a", 1),
    LeaseObservation("relay", "b", 2),
    LeaseObservation("scheduler", "a", 4),
]


def of_published(published: list[Published]) -> list[str]:
    return [
        *checkers.published_is_complete(LOG, published),
        *checkers.published_is_logged(LOG, published),
        *checkers.published_in_order(published),
        *checkers.each_stream_has_one_partition(published),
    ]


def of_causes(log: Log) -> list[str]:
    return [
        *checkers.events_start_their_run_once(log, {"d": ["e1"]}),
        *checkers.every_tick_is_handled_once(log, {"s": INTERVAL}),
        *checkers.every_fired_tick_has_one_run(log),
        *checkers.no_tick_is_early(log),
    ]


def test_correct_histories_have_no_violation() -> None:
    assert of_published(PUBLISHED) == []
    assert of_published(REPEATED) == []
    assert of_causes(LOG) == []
    assert checkers.epochs_never_decrease(OBSERVATIONS) == []


@pytest.mark.parametrize("place", range(len(PUBLISHED)))
def test_an_event_that_was_not_published_is_found(place: int) -> None:
    left = PUBLISHED[:place] + PUBLISHED[place + 1 :]

    assert checkers.published_is_complete(LOG, left)
    assert checkers.published_in_order(left) or PUBLISHED[place].version in (4, 3)


@pytest.mark.parametrize("place", [0, 1, 2, 4, 5])
def test_swapped_published_events_are_found(place: int) -> None:
    one, other = PUBLISHED[place : place + 2]
    swapped = [*PUBLISHED[:place], other, one, *PUBLISHED[place + 2 :]]

    assert checkers.published_in_order(swapped)


def test_a_recreated_topic_may_begin_at_any_version_but_has_no_gap() -> None:
    rest = [one for one in PUBLISHED if one.version > 1]
    again = [*rest, *PUBLISHED]

    assert checkers.published_in_order(again)
    assert checkers.published_in_order(again, from_any=True) == []
    assert checkers.published_in_order([rest[0], rest[2]], from_any=True)


def test_a_key_in_two_partitions_is_found() -> None:
    assert of_published([PUBLISHED[0]._replace(partition=7), *PUBLISHED])


def test_a_published_event_that_was_never_recorded_is_found() -> None:
    assert of_published([*PUBLISHED, Published(0, 99, "demo/run/r1", 5)])


def test_a_decreasing_epoch_is_found() -> None:
    assert checkers.epochs_never_decrease([*OBSERVATIONS, LeaseObservation("relay", "a", 1)])


def test_an_epoch_of_two_holders_is_found() -> None:
    assert checkers.epochs_never_decrease([*OBSERVATIONS, LeaseObservation("relay", "c", 2)])


def test_an_event_that_starts_a_second_run_is_found() -> None:
    second = [
        replace(one, stream="demo/run/r3", position=one.position + 100)
        for one in LOG
        if one.stream == "demo/run/r1"
    ]

    assert of_causes([*LOG, *second])


@pytest.mark.parametrize("stream", LENGTHS)
def test_a_run_without_its_cause_or_a_lost_run_is_found(stream: str) -> None:
    assert of_causes([one for one in LOG if one.stream != stream])


@pytest.mark.parametrize("place", [2, 3])
def test_a_tick_that_is_left_out_doubled_or_early_is_found(place: int) -> None:
    tick = LOG[place]
    early = replace(tick, data={**tick.data, "at": 1})

    assert of_causes([*LOG[: place + 1], tick, *LOG[place + 1 :]])
    assert of_causes([*LOG[:2], *LOG[3:]])
    assert of_causes([*LOG[:2], early, *LOG[3:]])


def test_faults_during_unfinished_runs_are_counted() -> None:
    during = InjectedFault("kill -9 of an executor", 10_006, 10_007)
    before = InjectedFault("PostgreSQL stopped", 1, 2)
    after = InjectedFault("Kafka wiped", 99_000, 99_001)

    assert checkers.count_hits(LOG, [during, before, after, during]) == {during.name: 2}
