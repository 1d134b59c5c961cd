"""The checkers find every defect: a correct log is broken at every event, in every way."""

from dataclasses import replace
from typing import Any

import pytest

from tests.faults import checkers
from tests.faults.event_log import Log, Logged
from tests.faults.history import Operation
from tests.faults.side_effect_log import Entry

NEEDS = {
    "sequence": {"a": (), "wait": ("a",), "choose": ("wait",), "b": ("choose",)},
    "graph": {"first": (), "left": ("first",), "right": ("first",), "join": ("left", "right")},
}
START = ("StepStarted", {"attempt": 1, "cause": "start"})
SUCCESS = ("StepSucceeded", {"attempt": 1, "output": {"attempt": 1}})
SEQUENCE: list[tuple[str, str | None, dict[str, Any]]] = [
    ("RunRequested", None, {"definition_id": "sequence"}),
    ("RunStarted", None, {}),
    ("StepStarted", "a", {"attempt": 1, "cause": "start"}),
    ("StepReleased", "a", {"attempt": 1}),
    ("StepStarted", "a", {"attempt": 2, "cause": "handover"}),
    ("StepFailed", "a", {"attempt": 2, "final": False}),
    ("RetryScheduled", "a", {"attempt": 3, "due_at": 60}),
    ("StepStarted", "a", {"attempt": 3, "cause": "retry"}),
    ("StepSucceeded", "a", {"attempt": 3, "output": {"attempt": 3}}),
    ("DelayStarted", "wait", {"resume_at": 85}),
    ("RunPaused", None, {}),
    ("TimerHeld", "wait", {"attempt": 1}),
    ("RunResumed", None, {"timers": "fire"}),
    ("TimerSet", "wait", {"attempt": 1, "due_at": 85}),
    ("DelayElapsed", "wait", {}),
    ("DecisionTaken", "choose", {}),
    ("StepStarted", "b", {"attempt": 1, "cause": "start"}),
    ("StepSucceeded", "b", {"attempt": 1, "output": {"attempt": 1}}),
    ("RunCompleted", None, {"has_errors": False}),
]
GRAPH: list[tuple[str, str | None, dict[str, Any]]] = [
    ("RunRequested", None, {"definition_id": "graph"}),
    ("RunStarted", None, {}),
    ("StepStarted", "first", {"attempt": 1, "cause": "start"}),
    ("StepSucceeded", "first", {"attempt": 1, "output": {"attempt": 1}}),
    ("StepStarted", "left", {"attempt": 1, "cause": "start"}),
    ("StepStarted", "right", {"attempt": 1, "cause": "start"}),
    ("StepCancelled", "left", {"attempt": 1}),
    ("StepCancelled", "right", {"attempt": 1}),
    ("RunCancelled", None, {}),
    ("RunReopened", None, {"steps": ["left", "right"]}),
    ("StepStarted", "left", {"attempt": 2, "cause": "reopen"}),
    ("StepStarted", "right", {"attempt": 2, "cause": "reopen"}),
    ("StepSucceeded", "right", {"attempt": 2, "output": {"attempt": 2}}),
    ("StepSucceeded", "left", {"attempt": 2, "output": {"attempt": 2}}),
    ("SyncReached", "join", {}),
    ("RunCompleted", None, {"has_errors": False}),
]
HISTORIES = {"r1": SEQUENCE, "r2": GRAPH}


def _log() -> Log:
    """Return the log of both runs, one event of each in turn."""
    turns = [
        (version, run, history[version - 1])
        for version in range(1, 1 + max(map(len, HISTORIES.values())))
        for run, history in HISTORIES.items()
        if version <= len(history)
    ]
    return [
        _logged(position, run, version, *one)
        for position, (version, run, one) in enumerate(turns, 1)
    ]


def _logged(
    position: int, run: str, version: int, name: str, step: str | None, data: dict[str, Any]
) -> Logged:
    of_step = {} if step is None else {"step_id": step, "visit": 1}
    return Logged(
        position, f"demo/run/{run}", version, f"run.{name}", {**of_step, "at": version * 10, **data}
    )


LOG = _log()
SIDE_EFFECTS = [
    *(Entry("r1", "a", 1, attempt) for attempt in (1, 2, 3)),
    Entry("r1", "b", 1, 1),
    Entry("r2", "first", 1, 1),
    *(Entry("r2", step, 1, attempt) for step in ("left", "right") for attempt in (1, 2)),
]
OPERATIONS = [
    Operation("start", "k1", 0.0, outcome="ok", status=201, run_id="r1"),
    Operation("start", "k2", 0.0),
]


def violations(log: Log) -> list[str]:
    return [
        *checkers.broken_invariants(log),
        *checkers.needs_are_done_first(log, NEEDS),
        *checkers.every_step_succeeded(log, NEEDS),
        *checkers.runs_ended(log),
        *checkers.side_effects_match(log, SIDE_EFFECTS),
        *checkers.outputs_match_their_attempt(log),
        *checkers.acknowledged_runs_are_logged(log, OPERATIONS),
        *checkers.no_unknown_runs(log, OPERATIONS),
    ]


def renumbered(log: Log) -> Log:
    """Number the events again, so that a missing or repeated event leaves no gap."""
    versions: dict[str, int] = {}
    found: Log = []
    for position, event in enumerate(log, 1):
        version = versions[event.stream] = versions.get(event.stream, 0) + 1
        found.append(replace(event, position=position, version=version))
    return found


def named(event: Logged) -> str:
    return f"{event.entity_id}-{event.version}-{event.name}"


EVERY = pytest.mark.parametrize("place", range(len(LOG)), ids=[named(one) for one in LOG])


def test_a_correct_log_has_no_violation() -> None:
    assert violations(LOG) == []


@EVERY
def test_a_lost_event_is_found(place: int) -> None:
    assert violations(LOG[:place] + LOG[place + 1 :])


@EVERY
def test_a_lost_event_is_found_without_a_gap_in_the_versions(place: int) -> None:
    assert violations(renumbered(LOG[:place] + LOG[place + 1 :]))


@EVERY
def test_a_doubled_event_is_found(place: int) -> None:
    assert violations(LOG[: place + 1] + LOG[place:])


@EVERY
def test_a_doubled_event_is_found_without_a_repeated_version(place: int) -> None:
    assert violations(renumbered(LOG[: place + 1] + LOG[place:]))


SIDE_BY_SIDE = ({"StepStarted"}, {"StepCancelled"}, {"StepSucceeded"})


@EVERY
def test_two_swapped_events_of_a_run_are_found(place: int) -> None:
    behind = [one for one in LOG[place + 1 :] if one.stream == LOG[place].stream][:1]
    for other in behind:
        one = LOG[place]
        swapped = [other if event is one else one if event is other else event for event in LOG]
        same = {one.name, other.name} in SIDE_BY_SIDE and one.entity_id == "r2"

        assert violations(swapped)
        assert violations(renumbered(swapped)) or same


@pytest.mark.parametrize(
    ("name", "step", "changed"),
    [
        ("StepStarted", "a", {"visit": 2}),
        ("StepSucceeded", "b", {"output": {"attempt": 2}}),
        ("StepSucceeded", "b", {"attempt": 2}),
        ("DelayElapsed", "wait", {"at": 84}),
        ("RunCompleted", None, {"has_errors": True}),
        ("RetryScheduled", "a", {"attempt": 4}),
    ],
)
def test_a_changed_field_is_found(name: str, step: str | None, changed: dict[str, Any]) -> None:
    (place,) = (
        index
        for index, one in enumerate(LOG)
        if one.entity_id == "r1"
        and one.name == name
        and one.data.get("step_id") == step
        and one.data.get("cause", "start") == "start"
    )
    event = LOG[place]
    altered = replace(event, data={**event.data, **changed})

    assert violations([*LOG[:place], altered, *LOG[place + 1 :]])


def test_a_retry_before_its_time_is_found() -> None:
    early = [
        replace(one, data={**one.data, "at": 59}) if one.data.get("cause") == "retry" else one
        for one in LOG
    ]

    assert any("before it was due" in violation for violation in violations(early))


def test_a_lost_run_is_found() -> None:
    log = [one for one in LOG if one.entity_id != "r1"]

    assert checkers.acknowledged_runs_are_logged(log, OPERATIONS) == ["r1 was lost"]


def test_a_run_that_was_never_requested_is_found() -> None:
    assert checkers.no_unknown_runs(LOG, OPERATIONS[:1])
    assert not checkers.no_unknown_runs(LOG, OPERATIONS)


def test_an_attempt_that_ran_unrecorded_or_twice_is_found() -> None:
    assert checkers.side_effects_match(LOG, [*SIDE_EFFECTS, Entry("r1", "b", 1, 2)])
    assert checkers.side_effects_match(LOG, [*SIDE_EFFECTS, SIDE_EFFECTS[0]])
    assert checkers.side_effects_match(LOG, [one for one in SIDE_EFFECTS if one.step != "b"])


def test_a_second_outcome_of_an_attempt_is_found() -> None:
    (success,) = (
        one
        for one in LOG
        if one.entity_id == "r1" and one.data.get("step_id") == "b" and one.name == "StepSucceeded"
    )
    again = replace(success, position=99, version=99, topic="run.StepFailed")

    assert checkers.outcomes_are_recorded_once([*LOG, again])
