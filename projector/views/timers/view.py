"""Timers: delays and backoffs of open steps, timeouts of sync points, ordered by due time.

The timers of paused runs are left out, so that they cost the scheduler nothing. Deadlines of
running attempts are a column of `run_steps` instead: nearly every attempt ends before its deadline,
so a timer for each would cost more than all other timers.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never, get_args

from baton.domain.run.messages.step_events import (
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
    StepCancelled,
    StepSkipped,
    StepStarted,
    StepUndecided,
    SyncAwaited,
    SyncReached,
    TimerHeld,
    TimerSet,
)
from baton.domain.run.steps import NO_ATTEMPT
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Key, Values, View, created_by, key_of

Kind = Literal["delay", "backoff", "sync"]

_Setting: TypeAlias = DelayStarted | RetryScheduled | SyncAwaited | TimerSet
_Clearing: TypeAlias = (
    StepStarted
    | StepCancelled
    | StepSkipped
    | DelayElapsed
    | SyncReached
    | StepUndecided
    | TimerHeld
)
_SETTING = get_args(_Setting)

TABLE = Table(
    name="timers",
    columns=(Column(name="due_at", kind="int"),),
    indexes=(Index(columns=("due_at", "key"), across_tenants=True),),
)


@dataclass(slots=True, kw_only=True)
class Document:
    """The timer of an attempt of an open step, or of an awaited synchronization point.

    `due_at` is in ms since the epoch, UTC.
    """

    run_id: str
    tenant: str
    step_id: str
    visit: int
    attempt: int
    kind: Kind
    due_at: int


def keys(recorded: Recorded) -> tuple[Key, ...]:
    """Return the key of the step, which has one timer at a time."""
    event: _Setting | _Clearing = recorded.event
    match event:
        case StepStarted() if event.cause != "retry":
            return ()
        case SyncReached() | StepSkipped() if not event.timed:
            return ()
        case StepUndecided() if event.kind != "sync":
            return ()
        case _:
            pass
    tenant, run_id = key_of(recorded.stream)
    return ((tenant, f"{run_id}:{event.step_id}"),)


def evolve(document: Document | None, recorded: Recorded) -> Document | None:  # noqa: ARG001
    """Set or delete the timer; its former state doesn't matter."""
    event: _Setting | _Clearing = recorded.event
    match event:
        case (
            StepStarted()
            | StepCancelled()
            | StepSkipped()
            | DelayElapsed()
            | SyncReached()
            | StepUndecided()
            | TimerHeld()
        ):
            return None
        case SyncAwaited():
            return _set(recorded, event, "sync", event.deadline_at)
        case RetryScheduled():
            return _set(recorded, event, "backoff", event.due_at)
        case DelayStarted():
            return _set(recorded, event, "delay", event.resume_at)
        case TimerSet():
            return _set(recorded, event, event.kind, event.due_at)
    assert_never(event)


def columns(document: Document) -> Values:
    """Return the due time."""
    return (document.due_at,)


def _set(recorded: Recorded, event: _Setting, kind: Kind, due_at: int) -> Document:
    tenant, run_id = key_of(recorded.stream)
    attempts = {"delay": 1, "sync": NO_ATTEMPT}
    return Document(
        run_id=run_id,
        tenant=tenant,
        step_id=event.step_id,
        visit=event.visit,
        attempt=event.attempt if isinstance(event, RetryScheduled | TimerSet) else attempts[kind],
        kind=kind,
        due_at=due_at,
    )


VIEW = View(
    table=TABLE,
    document=Document,
    events=_SETTING + get_args(_Clearing),
    keys=keys,
    creates=created_by(*_SETTING),
    evolve=evolve,
    columns=columns,
)
