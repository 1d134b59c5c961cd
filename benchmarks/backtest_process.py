"""`python -m benchmarks.backtest_process ACT N`, in the folder of an installation.

"fill" stores N runs, and "backtest" tries a changed definition on them, with N processes.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

import uvloop

from baton.backend_choice import backend_of
from baton.domain.actor import Actor
from baton.domain.backtest.candidate import candidate_of
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Case, Compute, Condition, Decision, Graph, Operator
from baton.domain.definition.messages import Body, CreateDefinition, DefinitionCreated
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import ManualTrigger
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import Event
from baton.domain.run.messages.commands import ReportOutcome, RequestRun, StartRun
from baton.domain.run.messages.step_events import StepStarted
from baton.domain.run.outcome import Succeeded, Token
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name
from baton.eventlog.backtests.backtest import Backtest
from baton.eventlog.backtests.selection import RunSelection, choose_runs
from baton.eventlog.events.codec import encode, topic_of
from baton.eventlog.events.envelope import Stored
from baton.eventlog.run_values import RunValues
from baton.process_memory import collect_garbage_less_often
from baton.stores import open_stores, store_location
from benchmarks.engine import settings_in
from benchmarks.load import TENANT
from benchmarks.processes import print_json, rss_mib

_ACTOR: Final = Actor("bench", "token")
_AT_ONCE: Final = 50
"""Runs whose events alternate in the log."""
_WEIGHTS: Final = (50, *[100] * 5, 150)
"""Weights of parcels; the changed definition decides otherwise for two of seven."""


def body(operator: Operator) -> Body:
    """Return a definition of four steps, of which a run calls two functions."""
    heavy = Condition(path="steps.weigh.output.kg", op=operator, value=100)
    steps = (
        Compute(id="weigh", function="weigh", next="choose"),
        Decision(id="choose", cases=(Case(conditions=(heavy,), next="ship"),), default_next="keep"),
        Compute(id="ship", function="ship"),
        Compute(id="keep", function="keep"),
    )
    return Body(name="Parcels", trigger=ManualTrigger(), graph=Graph(steps=steps))


def created() -> DefinitionCreated:
    """Return the event that creates the definition of the recorded runs."""
    create = CreateDefinition(
        tenant=TENANT,
        definition_id="parcels",
        slug="parcels",
        body=body("gt"),
        actor=_ACTOR,
        at=1,
    )
    (event,) = DEFINITION.decide(create, DEFINITION.initial)
    assert isinstance(event, DefinitionCreated)
    return event


def recorded(definition: Definition, run_id: str, kg: int, at: int) -> list[Event]:
    """Return the events of a run that weighs a parcel."""
    graph = definition.body.graph
    request = RequestRun(
        run_id=run_id,
        definition=definition,
        trigger=BY_HAND,
        actor=_ACTOR,
        at=at,
        input={"parcel": run_id, "customer": "c-1001"},
    )
    events, state = RUN.apply(request, RUN.initial)
    decided, state = RUN.apply(StartRun(graph=graph, at=at), state)
    while decided:
        events += decided
        newest = decided[-1]
        if not isinstance(newest, StepStarted):
            break
        token = Token(newest.step_id, newest.visit, newest.attempt)
        outcome = Succeeded(output={"kg": kg, "by": newest.step_id})
        report = ReportOutcome(token=token, outcome=outcome, graph=graph, at=at)
        decided, state = RUN.apply(report, state)
    return events


def log_of(weights: list[int]) -> Iterator[Stored]:
    """Yield the log of an installation in which as many runs were made."""
    create = created()
    definition = DEFINITION.fold([create])
    stream = stream_name(TENANT, "definition", "parcels")
    yield Stored(1, stream, 1, topic_of(create), encode(create))
    position = 1
    for first in range(0, len(weights), _AT_ONCE):
        runs = {
            stream_name(TENANT, "run", f"run-{number}"): iter(
                recorded(definition, f"run-{number}", weights[number], at=1_000 + number)
            )
            for number in range(first, min(first + _AT_ONCE, len(weights)))
        }
        version = 0
        while runs:
            version += 1
            for stream in tuple(runs):
                event = next(runs[stream], None)
                if event is None:
                    del runs[stream]
                    continue
                position += 1
                yield Stored(position, stream, version, topic_of(event), encode(event))


async def fill(folder: Path, runs: int) -> dict[str, float]:
    """Store the log; return its numbers, and that of the runs that will differ."""
    random = Random(7)
    weights = [random.choice(_WEIGHTS) for _ in range(runs)]
    settings = settings_in(folder)
    opening = backend_of(settings.store_url).open_archive
    assert opening is not None
    archive = await opening(store_location(settings))
    log = log_of(weights)
    await archive.restore(iter(lambda: list(islice(log, 1_000)), []))
    events = await archive.head()
    await archive.close()
    return {"runs": runs, "events": events, "differs": runs - weights.count(100)}


async def backtest(folder: Path, jobs: int) -> dict[str, float]:
    """Try the definition with a flipped comparison; return what was found, and the time."""
    collect_garbage_less_often()
    stores = await open_stores(settings_in(folder), read_only=True, sealing="none")
    candidate = candidate_of(DEFINITION.fold([created()]), body("lt"))
    begun, cpu = time.perf_counter(), time.process_time()
    selection = RunSelection(tenant=TENANT, definition_id="parcels")
    chosen = await choose_runs(stores.leaves, selection)
    chose = time.perf_counter()
    run = Backtest(stores.leaves, RunValues(stores.artifacts), chosen, candidate)
    report = await run.run(processes=0 if jobs == 1 else jobs)
    ended = time.perf_counter()
    await stores.close()
    return {
        "runs": report.runs,
        "differs": report.counts["differs"],
        "choosing_s": chose - begun,
        "replaying_s": ended - chose,
        "cpu_s": time.process_time() - cpu,
        "rss_mib": rss_mib(),
    }


if __name__ == "__main__":
    act, number = (json.loads(one) for one in sys.argv[1:3])
    work = fill if act == "fill" else backtest
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print_json(runner.run(work(Path("baton-data"), number)))
