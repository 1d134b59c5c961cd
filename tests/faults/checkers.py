"""Checkers: pure functions over history, log and side-effect log; each returns violations."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from tests.faults.event_log import Log, runs_of, streams_of
from tests.faults.history import Operation, acknowledged
from tests.faults.run_oracle import OUTCOMES, PASSED, RunOracle
from tests.faults.side_effect_log import Entry

Needs = Mapping[str, Sequence[str]]
"""For each step, the steps that must be done before it starts."""

ENTRIES = frozenset(("StepStarted", "DelayStarted")) | PASSED
DONE = frozenset(("StepSucceeded", "DelayElapsed")) | PASSED


def positions_increase(log: Log) -> list[str]:
    """Positions increase from event to event."""
    return [
        f"position {after.position} follows {before.position}"
        for before, after in pairwise(log)
        if after.position <= before.position
    ]


def versions_count_up(log: Log) -> list[str]:
    """The versions of each stream are 1..n in the order of the log."""
    return [
        f"{stream} has versions {versions}"
        for stream, events in streams_of(log)
        if (versions := [event.version for event in events]) != list(range(1, len(events) + 1))
    ]


def runs_follow_the_rules(log: Log) -> list[str]:
    """Every event of a run is allowed in the state that the events before it lead to."""
    return [violation for oracle in run_oracles(log).values() for violation in oracle.violations]


def outcomes_are_recorded_once(log: Log) -> list[str]:
    """An attempt has at most one outcome, and a visit succeeds at most once.

    A step that a pause has released may be cancelled with its run; that names its last attempt.
    """
    attempts: Counter[tuple[object, ...]] = Counter()
    successes: Counter[tuple[object, ...]] = Counter()
    released: set[tuple[object, ...]] = set()
    for event in log:
        if event.name in OUTCOMES:
            visit = (event.entity_id, event.data["step_id"], event.data["visit"])
            attempt = (*visit, event.data["attempt"])
            attempts[attempt] += not (event.name == "StepCancelled" and attempt in released)
            if event.name == "StepReleased":
                released.add(attempt)
            successes[visit] += event.name == "StepSucceeded"
    return [
        f"{key}: {count} outcomes"
        for key, count in (*attempts.items(), *successes.items())
        if count > 1
    ]


def needs_are_done_first(log: Log, needs: Mapping[str, Needs]) -> list[str]:
    """No step starts before the steps that it needs are done.

    Args:
        log: The log to check.
        needs: The dependencies of the steps, by the id of the definition.
    """
    found: list[str] = []
    for run_id, events in runs_of(log).items():
        known = needs.get(str(events[0].data.get("definition_id")), {})
        done: set[str] = set()
        for event in events:
            step = str(event.data.get("step_id"))
            if event.name in ENTRIES and not done.issuperset(known.get(step, ())):
                found.append(f"{run_id}: {step} starts when only {sorted(done)} are done")
            if event.name in DONE:
                done.add(step)
    return found


def acknowledged_runs_are_logged(log: Log, operations: list[Operation]) -> list[str]:
    """The log holds every run whose request was answered 2xx."""
    logged = set(runs_of(log))
    return [f"{run_id} was lost" for run_id in sorted(acknowledged(operations) - logged)]


def no_unknown_runs(log: Log, operations: list[Operation]) -> list[str]:
    """The log holds no more unacknowledged runs than there were requests without an answer."""
    unacknowledged = set(runs_of(log)) - acknowledged(operations)
    unanswered = sum(one.outcome == "info" for one in operations)
    if len(unacknowledged) <= unanswered:
        return []
    return [f"{sorted(unacknowledged)} were never requested"]


def runs_ended(log: Log, status: str = "completed") -> list[str]:
    """Every run of the log ended with `status`."""
    return [
        f"{run_id} is {oracle.status}"
        for run_id, oracle in run_oracles(log).items()
        if oracle.status != status
    ]


def every_step_succeeded(log: Log, needs: Mapping[str, Needs]) -> list[str]:
    """Every step of every run was done exactly once."""
    found: list[str] = []
    for run_id, events in runs_of(log).items():
        done = Counter(str(one.data["step_id"]) for one in events if one.name in DONE)
        known = needs.get(str(events[0].data.get("definition_id")), {})
        if done != Counter(known.keys()):
            found.append(f"{run_id}: the steps that were done are {dict(done)}")
    return found


def side_effects_match(log: Log, side_effects: Iterable[Entry]) -> list[str]:
    """Each function call belongs to a recorded attempt, none was repeated, and none is missing."""
    performed = Counter(side_effects)
    started = _attempts(log, "StepStarted")
    succeeded = _attempts(log, "StepSucceeded")
    return [
        *(f"{entry} ran {count} times" for entry, count in performed.items() if count > 1),
        *(f"{entry} ran unrecorded" for entry in performed if entry not in started),
        *(f"{entry} succeeded without running" for entry in succeeded if entry not in performed),
    ]


def outputs_match_their_attempt(log: Log) -> list[str]:
    """The recorded output of an attempt is its own."""
    return [
        f"{event.entity_id}: {event.data['step_id']} has the output {event.data['output']}"
        for event in log
        if event.name == "StepSucceeded"
        and event.data["output"] != {"attempt": event.data["attempt"]}
    ]


def run_oracles(log: Log) -> dict[str, RunOracle]:
    """Return the oracle of each run after all of its events."""
    found: dict[str, RunOracle] = {}
    for run_id, events in runs_of(log).items():
        oracle = found[run_id] = RunOracle(run_id)
        for event in events:
            oracle.apply(event)
    return found


INVARIANTS: tuple[Callable[[Log], list[str]], ...] = (
    positions_increase,
    versions_count_up,
    runs_follow_the_rules,
    outcomes_are_recorded_once,
)
"""Checks that need the log only."""


def broken_invariants(log: Log) -> list[str]:
    """Return the violations of all invariants."""
    return [violation for check in INVARIANTS for violation in check(log)]


def _attempts(log: Log, name: str) -> set[Entry]:
    return {
        Entry(event.entity_id, event.data["step_id"], event.data["visit"], event.data["attempt"])
        for event in log
        if event.name == name and event.data.get("kind", "compute") == "compute"
    }
