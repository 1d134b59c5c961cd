"""Checks the final state of a simulation against the model and the invariants of every log."""

from collections import Counter
from itertools import pairwise
from typing import Any

from baton.domain.artifact import NO_VALUES
from baton.domain.backtest.candidate import candidate_of
from baton.domain.backtest.comparison import compare
from baton.domain.backtest.recording import record
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.eventlog.ports.stores import EventStore
from baton.projector.rebuild import begin_rebuild
from tests.faults import checkers
from tests.faults.event_log import Log, runs_of, seen
from tests.faults.run_oracle import PASSED
from tests.simulation.model import RunOutcome, predict
from tests.simulation.simulation import Simulation
from tests.simulation.workload import INTERVAL_MS

STEP_ENTERED = frozenset(("DelayStarted",)) | PASSED


async def violations_of(simulation: Simulation) -> list[str]:
    """Return every violation of a simulation that is idle."""
    log = await whole_log(simulation.stores.events)
    needs = {name: plan.needs for name, plan in simulation.plans.items()}
    return [
        *simulation.violations,
        *checkers.broken_invariants(log),
        *checkers.needs_are_done_first(log, needs),
        *_outcomes(simulation, log),
        *_triggers(simulation, log),
        *await _views(simulation),
        *await _replays(simulation),
    ]


async def whole_log(store: EventStore) -> Log:
    return seen(await store.read_all(after=0, limit=1_000_000))


def _outcomes(simulation: Simulation, log: Log) -> list[str]:
    """Every run ended as the model predicts, unless it was cancelled or retried by hand."""
    found: list[str] = []
    for ident, events in runs_of(log).items():
        requested = events[0].data
        actual = _outcome(events)
        if actual.status not in ("completed", "failed", "cancelled"):
            found.append(f"{ident} is {actual.status}")
        elif ident not in simulation.interfered:
            given = requested["input"] if isinstance(requested["input"], dict) else {}
            plan = simulation.plans[requested["definition_id"]]
            expected = predict(plan, given, _lost_visits(events))
            if actual != expected:
                found.append(f"{ident} ended as {actual}, not as {expected}")
    cancelled = {one.entity_id for one in log if one.name == "RunCancelled"}
    return [
        *found,
        *(f"the cancellation of {ident} was lost" for ident in simulation.cancelled - cancelled),
    ]


def _lost_visits(events: Log) -> set[tuple[str, int]]:
    """Return the visits that failed because their executors crashed; the oracle counts these."""
    return {
        (str(event.data["step_id"]), int(event.data["visit"]))
        for event in events
        if event.name == "StepFailed" and event.data["error"]["code"] == "EXECUTOR_LOST"
    }


def _outcome(events: Log) -> RunOutcome:
    """Fold the events of a run into its outcome."""
    outcome = RunOutcome(status="none")
    ends = {"RunCompleted": "completed", "RunFailed": "failed", "RunCancelled": "cancelled"}
    for event in events:
        data = event.data
        if event.name in ends:
            outcome.status = ends[event.name]
            failed = event.name == "RunFailed" and data["error"]["code"] != "LOOP_LIMIT"
            outcome.has_errors = bool(data.get("has_errors")) or failed
        elif event.name in STEP_ENTERED or (
            event.name == "StepStarted" and data["cause"] == "start"
        ):
            outcome.visits[data["step_id"]] += 1
        elif event.name == "StepSucceeded":
            outcome.outputs[data["step_id"]] = data["output"]
            outcome.context |= data["context"] or {}
    return outcome


def _triggers(simulation: Simulation, log: Log) -> list[str]:
    """Every request, record event and tick started exactly one run."""
    runs = [events[0] for events in runs_of(log).values()]
    by = Counter(str(run.data["definition_id"]) for run in runs)
    by_event = Counter(
        str(run.data["trigger"]["event_id"])
        for run in runs
        if run.data["trigger"]["kind"] == "record"
    )
    found = [f"run {ident} was lost" for ident in simulation.inputs if ident not in runs_of(log)]
    if "by-event" in simulation.plans and by_event != Counter(simulation.events):
        found.append(f"runs by record event: {dict(by_event)}")
    if "by-time" in simulation.plans:
        found += _ticks(log, by["by-time"])
    return found


def _ticks(log: Log, runs: int) -> list[str]:
    """Ticks have no gaps, are never early, and each one that fired has its run."""
    ticks = [one for one in log if one.kind == "schedule"]
    nominal = [int(one.data["nominal_at"]) for one in ticks]
    steps = {after - before for before, after in pairwise(nominal)}
    found = [] if steps <= {INTERVAL_MS} else [f"ticks at {nominal}"]
    fired = [one.data["run_id"] for one in ticks if one.name == "ScheduleFired"]
    if len(set(fired)) != len(fired) or len(fired) != runs:
        found.append(f"{len(fired)} ticks fired, {runs} runs were requested")
    early = [one for one in ticks if one.data["at"] < one.data["nominal_at"]]
    return [*found, *(f"{one.data} was early" for one in early)]


async def _views(simulation: Simulation) -> list[str]:
    """The views equal their rebuild from the events."""
    rebuild = await begin_rebuild(
        simulation.stores.events, simulation.stores.views, simulation.stores.view_sets
    )
    await rebuild.advance_to(await simulation.stores.events.head())
    difference = await rebuild.first_difference()
    return [] if difference is None else [f"the views differ: {difference}"]


async def _replays(simulation: Simulation) -> list[str]:
    """Every run goes the way that it went when its own version is tried on it."""
    streams: dict[str, list[Any]] = {}
    for one in await simulation.stores.events.read_all(after=0, limit=1_000_000):
        streams.setdefault(one.stream, []).append(one.event)
    definitions = [DEFINITION.fold(of) for name, of in streams.items() if "/definition/" in name]
    candidates = {
        (one.definition_id, version): candidate_of(one, body)
        for one in definitions
        for version, body in one.versions.items()
    }
    found = [
        compare(record(of), candidates[of[0].definition_id, of[0].version], NO_VALUES)
        for name, of in streams.items()
        if "/run/" in name
    ]
    return [f"a replay is {one}" for one in found if one.verdict in ("differs", "unknown")]
