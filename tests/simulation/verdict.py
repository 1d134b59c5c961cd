"""Holds what became of a world against the model and against what holds of every log."""

from collections import Counter
from itertools import pairwise

from baton.eventlog.ports.stores import EventStore
from baton.projector.rebuild import begin_rebuild
from tests.faults import checkers
from tests.faults.event_log import Log, runs_of, seen
from tests.faults.run_oracle import PASSED
from tests.simulation.model import End, predict
from tests.simulation.world import EVERY_MS, World

ENTERED = frozenset(("DelayStarted",)) | PASSED


async def complaints_of(world: World) -> list[str]:
    """Return everything that is wrong with a world that has come to rest."""
    log = await whole_log(world.stores.events)
    needs = {name: plan.needs for name, plan in world.plans.items()}
    return [
        *world.complaints,
        *checkers.broken_laws(log),
        *checkers.needs_come_first(log, needs),
        *_ends(world, log),
        *_causes(world, log),
        *await _views(world),
    ]


async def whole_log(store: EventStore) -> Log:
    return seen(await store.read_all(after=0, limit=1_000_000))


def _ends(world: World, log: Log) -> list[str]:
    """Every run ended as the model says, unless somebody meddled with it."""
    found: list[str] = []
    for ident, events in runs_of(log).items():
        requested = events[0].data
        actual = _end(events)
        if actual.status not in ("completed", "failed", "cancelled"):
            found.append(f"{ident} is {actual.status}")
        elif ident not in world.meddled:
            given = requested["input"] if isinstance(requested["input"], dict) else {}
            expected = predict(world.plans[requested["definition_id"]], given)
            if actual != expected:
                found.append(f"{ident} ended as {actual}, not as {expected}")
    cancelled = {one.ident for one in log if one.name == "RunCancelled"}
    return [*found, *(f"the cancel of {ident} was lost" for ident in world.cancelled - cancelled)]


def _end(events: Log) -> End:
    """Read an end off the events."""
    end = End(status="none")
    ends = {"RunCompleted": "completed", "RunFailed": "failed", "RunCancelled": "cancelled"}
    for event in events:
        data = event.data
        if event.name in ends:
            end.status = ends[event.name]
            failed = event.name == "RunFailed" and data["error"]["code"] != "LOOP_LIMIT"
            end.has_errors = bool(data.get("has_errors")) or failed
        elif event.name in ENTERED or (event.name == "StepStarted" and data["cause"] == "start"):
            end.visits[data["step_id"]] += 1
        elif event.name == "StepSucceeded":
            end.outputs[data["step_id"]] = data["output"]
            end.context |= data["context"] or {}
    return end


def _causes(world: World, log: Log) -> list[str]:
    """Every request, event and tick started its run, and started it once."""
    runs = [events[0] for events in runs_of(log).values()]
    by = Counter(str(run.data["definition_id"]) for run in runs)
    by_event = Counter(
        str(run.data["trigger"]["event_id"])
        for run in runs
        if run.data["trigger"]["kind"] == "record"
    )
    found = [f"{ident} was lost" for ident in world.inputs if ident not in runs_of(log)]
    if "by-event" in world.plans and by_event != Counter(world.events):
        found.append(f"events started {dict(by_event)}")
    if "by-time" in world.plans:
        found += _ticks(log, by["by-time"])
    return found


def _ticks(log: Log, runs: int) -> list[str]:
    """Ticks come one after the other without a gap, and those that fired have their run."""
    ticks = [one for one in log if one.kind == "schedule"]
    nominal = [int(one.data["nominal_at"]) for one in ticks]
    steps = {after - before for before, after in pairwise(nominal)}
    found = [] if steps <= {EVERY_MS} else [f"ticks at {nominal}"]
    fired = [one.data["run_id"] for one in ticks if one.name == "ScheduleFired"]
    if len(set(fired)) != len(fired) or len(fired) != runs:
        found.append(f"{len(fired)} ticks fired, {runs} runs were requested")
    early = [one for one in ticks if one.data["at"] < one.data["nominal_at"]]
    return [*found, *(f"{one.data} was early" for one in early)]


async def _views(world: World) -> list[str]:
    """The views are what the events make of them."""
    rebuild = await begin_rebuild(world.stores.events, world.stores.views)
    await rebuild.advance_to(await world.stores.events.head())
    difference = await rebuild.first_difference()
    return [] if difference is None else [f"the views differ: {difference}"]
