"""Checkers: pure functions over history, log and side-effect log; each returns violations."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from tests.faults.event_log import Log, runs_of, streams_of
from tests.faults.history import Operation, acknowledged
from tests.faults.run_oracle import OUTCOMES, PASSED, RunOracle
from tests.faults.side_effect_log import Entry

Needs = Mapping[str, Sequence[str]]
"""For each step the steps that must be done before it begins."""

ENTRIES = frozenset(("StepStarted", "DelayStarted")) | PASSED
DONE = frozenset(("StepSucceeded", "DelayElapsed")) | PASSED


def positions_rise(log: Log) -> list[str]:
    """Every position is greater than the one before."""
    return [
        f"position {after.position} follows {before.position}"
        for before, after in pairwise(log)
        if after.position <= before.position
    ]


def versions_count_up(log: Log) -> list[str]:
    """Versions of a stream are 1..n in the order of the log."""
    return [
        f"{stream} has versions {versions}"
        for stream, events in streams_of(log)
        if (versions := [event.version for event in events]) != list(range(1, len(events) + 1))
    ]


def runs_live_lawfully(log: Log) -> list[str]:
    """Nothing happens to a run that may not happen then; it ends once, and nothing follows."""
    return [violation for oracle in run_oracles(log).values() for violation in oracle.violations]


def outcomes_are_recorded_once(log: Log) -> list[str]:
    """An attempt has one outcome at most, and a visit succeeds once at most."""
    attempts: Counter[tuple[object, ...]] = Counter()
    successes: Counter[tuple[object, ...]] = Counter()
    for event in log:
        if event.name in OUTCOMES:
            visit = (event.ident, event.data["step_id"], event.data["visit"])
            attempts[*visit, event.data["attempt"]] += 1
            successes[visit] += event.name == "StepSucceeded"
    return [
        f"{what}: {count} outcomes"
        for what, count in (*attempts.items(), *successes.items())
        if count > 1
    ]


def needs_come_first(log: Log, needs: Mapping[str, Needs]) -> list[str]:
    """No step begins before what it needs is done; `needs` is by definition."""
    found: list[str] = []
    for ident, events in runs_of(log).items():
        known = needs.get(str(events[0].data.get("definition_id")), {})
        done: set[str] = set()
        for event in events:
            step = str(event.data.get("step_id"))
            if event.name in ENTRIES and not done.issuperset(known.get(step, ())):
                found.append(f"{ident}: {step} begins when only {sorted(done)} are done")
            if event.name in DONE:
                done.add(step)
    return found


def acknowledged_is_logged(log: Log, operations: list[Operation]) -> list[str]:
    """Every run that was answered 2xx was requested in the log."""
    logged = set(runs_of(log))
    return [f"{ident} was lost" for ident in sorted(acknowledged(operations) - logged)]


def refused_left_nothing(log: Log, operations: list[Operation]) -> list[str]:
    """The log has no run but those acknowledged and as many as had no answer."""
    unasked = set(runs_of(log)) - acknowledged(operations)
    unknown = sum(one.outcome == "info" for one in operations)
    return [f"{sorted(unasked)} were never asked for"] if len(unasked) > unknown else []


def runs_end(log: Log, status: str = "completed") -> list[str]:
    """Every run of the log ended, and ended so."""
    return [
        f"{ident} is {oracle.status}"
        for ident, oracle in run_oracles(log).items()
        if oracle.status != status
    ]


def every_step_succeeded(log: Log, needs: Mapping[str, Needs]) -> list[str]:
    """Every step of a run was done, once."""
    found: list[str] = []
    for ident, events in runs_of(log).items():
        done = Counter(str(one.data["step_id"]) for one in events if one.name in DONE)
        known = needs.get(str(events[0].data.get("definition_id")), {})
        if done != Counter(known.keys()):
            found.append(f"{ident}: done were {dict(done)}")
    return found


def side_effects_agree(log: Log, side_effects: Iterable[Entry]) -> list[str]:
    """Functions ran only what was recorded as begun, each attempt once, and all that succeeded."""
    performed = Counter(side_effects)
    begun = _attempts(log, "StepStarted")
    succeeded = _attempts(log, "StepSucceeded")
    return [
        *(f"{entry} ran {count} times" for entry, count in performed.items() if count > 1),
        *(f"{entry} ran unrecorded" for entry in performed if entry not in begun),
        *(f"{entry} succeeded without running" for entry in succeeded if entry not in performed),
    ]


def outputs_are_of_their_attempt(log: Log) -> list[str]:
    """What an attempt returned was not recorded for another one."""
    return [
        f"{event.ident}: {event.data['step_id']} says {event.data['output']}"
        for event in log
        if event.name == "StepSucceeded"
        and event.data["output"] != {"attempt": event.data["attempt"]}
    ]


def run_oracles(log: Log) -> dict[str, RunOracle]:
    """Return how each run lived."""
    found: dict[str, RunOracle] = {}
    for ident, events in runs_of(log).items():
        oracle = found[ident] = RunOracle(ident)
        for event in events:
            oracle.apply(event)
    return found


LAWS: tuple[Callable[[Log], list[str]], ...] = (
    positions_rise,
    versions_count_up,
    runs_live_lawfully,
    outcomes_are_recorded_once,
)
"""What holds of every log, whatever was asked for and however it came out."""


def broken_laws(log: Log) -> list[str]:
    """Return the violations of all laws."""
    return [violation for law in LAWS for violation in law(log)]


def _attempts(log: Log, name: str) -> set[Entry]:
    return {
        Entry(event.ident, event.data["step_id"], event.data["visit"], event.data["attempt"])
        for event in log
        if event.name == name and event.data.get("kind", "compute") == "compute"
    }
