"""The timeline of a run: times in one column, durations in two units, the end of a delay."""

from typing import Any

import pytest

from baton.cli.server.runs.timeline import heading, timeline

REQUESTED = "2026-01-01T00:00:00.000Z"


def run(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "run1",
        "definitionId": "def1",
        "slug": "orders",
        "version": 2,
        "status": "waiting",
        "requestedAt": REQUESTED,
        "trigger": {"kind": "schedule"},
        "actor": {"subject": "scheduler"},
        "steps": steps,
        **more,
    }


def step(name: str, started: str, **more: Any) -> dict[str, Any]:
    return {
        "stepId": name,
        "kind": "compute",
        "status": "succeeded",
        "attempt": 1,
        "startedAt": started,
        **more,
    }


def test_times_of_any_length_stand_in_one_column() -> None:
    first = step("first", REQUESTED, output={"n": 1})
    late = step("late", "2026-01-01T23:59:00.000Z", completedAt="2026-01-02T00:00:03.500Z")
    ended = run(first, late, status="completed", completedAt="2026-01-03T04:00:00.000Z")

    assert [line.plain for line in timeline(ended)] == [
        "       +0 ms  requested  by its schedule",
        "       +0 ms  first  compute   succeeded",
        '              output {"n": 1}',
        "+23 h 59 min  late   compute   succeeded in 1 min 3 s",
        "    +2 d 4 h  completed",
    ]
    assert heading(ended).plain == "Run run1 of orders (version 2): completed after 2 d 4 h"


def test_a_waiting_delay_shows_how_far_its_end_is() -> None:
    delay = {"kind": "delay", "delayMs": 1, "resumeAt": "2999-01-01T00:00:00.000Z"}
    waits = run(step("wait", REQUESTED, **{**delay, "status": "waiting"}))
    over = run(step("wait", REQUESTED, **{**delay, "resumeAt": REQUESTED}))

    assert [[*timeline(one)][-1].plain.strip() for one in (waits, over)] == [
        "until 2999-01-01T00:00:00.000Z (2999-01-01)",
        f"until {REQUESTED}",
    ]


@pytest.mark.parametrize(
    ("record", "cause"),
    [
        ({"recordId": "7"}, "by order.paid of record 7"),
        ({}, "by order.paid"),
    ],
)
def test_a_cause_names_the_record_if_the_event_has_one(record: dict[str, str], cause: str) -> None:
    started = run(trigger={"kind": "record", "eventType": "order.paid", **record})

    (requested,) = timeline(started)

    assert requested.plain == f"     +0 ms  requested  {cause}"
