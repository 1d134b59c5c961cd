"""Imports many short runs into a new store, much faster than an engine could run them.

Each run has one step. Of 100 runs one was reopened after it had failed, two have failed, one was
cancelled and one waits. 20 runs are open at a time.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from baton.backend_choice import backend_of
from baton.domain.actor import Actor
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.messages import Body, CreateDefinition
from baton.domain.definition.trigger import ManualTrigger
from baton.domain.run.messages.run_events import (
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunReopened,
    RunRequested,
    RunStarted,
)
from baton.domain.run.messages.step_events import (
    DelayStarted,
    StepCancelled,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from baton.domain.run.outcome import Error
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name
from baton.eventlog.events.codec import encode, topic_of
from baton.eventlog.events.envelope import Stored
from baton.stores import store_location
from benchmarks.engine import settings_in
from benchmarks.load import TENANT
from benchmarks.shapes import SHAPES

SHAPE: Final = "3-step"
DEFINITIONS: Final = 10
BATCH: Final = 5_000
START: Final = 1_700_000_000_000
_ANN: Final = Actor("ann", "token")
_BROKE: Final = Error(code="BROKE", message="it broke")


async def import_runs(folder: Path, runs: int) -> int:
    """Write the events of so many runs to the new store in `folder`; return its last position."""
    settings = settings_in(folder)
    opening = backend_of(settings.store_url).open_archive
    assert opening is not None
    archive = await opening(store_location(settings))
    await archive.restore(_batches(runs))
    head = await archive.head()
    await archive.close()
    return head


def _batches(runs: int) -> Iterator[list[Stored]]:
    """Yield the stored events of all runs, in order of position; 20 runs are open at a time."""
    batch: list[Stored] = []
    for position, (stream, version, event) in enumerate(_events(runs), 1):
        batch.append(Stored(position, stream, version, topic_of(event), encode(event)))
        if len(batch) >= BATCH:
            yield batch
            batch = []
    yield batch


def _events(runs: int) -> Iterator[tuple[str, int, Any]]:
    body = Body(name="stored", trigger=ManualTrigger(), graph=SHAPES[SHAPE].graph())
    for number in range(DEFINITIONS):
        command = CreateDefinition(
            definition_id=f"d{number}",
            tenant=TENANT,
            slug=f"stored-{number}",
            body=body,
            actor=_ANN,
            at=START,
        )
        decided, _ = DEFINITION.apply(command, DEFINITION.initial)
        for version, event in enumerate(decided, 1):
            yield stream_name(TENANT, "definition", f"d{number}"), version, event
    open_runs: list[Iterator[tuple[str, int, Any]]] = []
    for number in range(runs):
        open_runs.append(_run(number))
        while len(open_runs) >= 20:
            following = next(open_runs[0], None)
            if following is None:
                open_runs.pop(0)
            else:
                yield following
                open_runs.append(open_runs.pop(0))
    for rest in open_runs:
        yield from rest


def _run(number: int) -> Iterator[tuple[str, int, Any]]:
    run_id = f"{number:020d}"
    stream, at = stream_name(TENANT, "run", run_id), START + number
    for version, event in enumerate(_of_run(number, run_id, at), 1):
        yield stream, version, event


def _of_run(number: int, run_id: str, at: int) -> Iterator[Any]:
    yield RunRequested(
        run_id=run_id,
        tenant=TENANT,
        definition_id=f"d{number % DEFINITIONS}",
        version=1,
        trigger=BY_HAND,
        actor=_ANN,
        at=at,
        input={"number": number},
    )
    yield RunStarted(at=at + 1)
    kind = number % 100
    if kind == 5:
        yield DelayStarted(
            step_id="step-0", visit=1, delay_ms=10**12, resume_at=at + 10**12, at=at + 2
        )
        return
    yield _started(1, at + 2)
    if kind in (0, 1, 2):
        yield StepFailed(step_id="step-0", visit=1, attempt=1, at=at + 3, error=_BROKE)
        yield RunFailed(at=at + 3, error=_BROKE, step_id="step-0")
        if kind:
            return
        yield RunReopened(actor=_ANN, steps=("step-0",), at=at + 4)
        yield _started(2, at + 5)
    if kind == 3:
        yield StepCancelled(step_id="step-0", visit=1, attempt=1, at=at + 4)
        yield RunCancelled(actor=_ANN, at=at + 4)
        return
    yield StepSucceeded(step_id="step-0", visit=1, attempt=2 if kind == 0 else 1, at=at + 6)
    yield RunCompleted(at=at + 7)


def _started(attempt: int, at: int) -> StepStarted:
    return StepStarted(
        step_id="step-0",
        visit=1,
        attempt=attempt,
        at=at,
        function="noop",
        deadline_at=at + 10**6,
        cause="start" if attempt == 1 else "reopen",
    )
