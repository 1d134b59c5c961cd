"""The history of every run: one record per attempt, decision, delay, sync point and skip."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, assert_never, get_args

from baton.domain.conditions.evaluation import DecisionResult
from baton.domain.json import Json, JsonObject
from baton.domain.run.execution_id import execution_id
from baton.domain.run.messages.step_events import (
    Cause,
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
    StepCancelled,
    StepCopied,
    StepFailed,
    StepLogged,
    StepReleased,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    StepUndecided,
    SyncReached,
    TimerSet,
)
from baton.domain.run.outcome import Error
from baton.domain.run.trigger import StepKind
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Key, Values, View, key_of

Status = Literal["running", "waiting", "succeeded", "failed", "cancelled", "skipped"]

_AtOnce: TypeAlias = DecisionTaken | SyncReached | StepSkipped | StepUndecided | StepCopied
"""Events that begin and end a record at once."""
_Beginning: TypeAlias = StepStarted | RetryScheduled | DelayStarted | _AtOnce
_Ending: TypeAlias = (
    StepSucceeded | StepFailed | StepTimedOut | StepCancelled | StepReleased | DelayElapsed
)
_Event: TypeAlias = _Beginning | _Ending | StepLogged | TimerSet
_NO_BEGINNING = (*get_args(_Ending), StepLogged, TimerSet)
_TAKING_OVER = (StepStarted, RetryScheduled)
_RELEASED: Final[Mapping[Literal["stop", "pause"], Error]] = {
    "stop": Error(
        code="EXECUTOR_STOPPED",
        message="The executor was stopped; another attempt takes over",
    ),
    "pause": Error(
        code="RUN_PAUSED",
        message="The run was paused; another attempt starts when it is resumed",
    ),
}
# The key is the execution id, so that the steps of a run are adjacent in the table.
TABLE = Table(
    name="run_steps",
    columns=(Column(name="due_at", kind="int"),),
    indexes=(Index(columns=("due_at", "key"), where_set="due_at", across_tenants=True),),
)


@dataclass(kw_only=True)
class Document:
    """One record of a run's history. Times are milliseconds since the epoch, UTC.

    - `seq` orders the records of a run: it is the version of the event that began the record.
    - An attempt in its backoff is "waiting" until `resume_at` and has no `started_at` yet.
    - The error code of an attempt is EXECUTOR_LOST if its executor was lost, EXECUTOR_STOPPED if
      the executor stopped and released it, and RUN_PAUSED if a pause of the run cancelled it.
    - Only compute steps have `function` and `cause`. The `cause` of an outcome that a rerun copied
      is "copy".
    - `logs` is the artifact with the log lines of the attempt, None without lines.

    The class has no slots, because orjson writes it three times as fast without them.
    """

    run_id: str
    tenant: str
    seq: int
    step_id: str
    kind: StepKind
    visit: int
    attempt: int = 1
    status: Status
    function: str | None = None
    cause: Cause | Literal["copy"] | None = None
    output: Json = None
    context: JsonObject | None = None
    warning: str | None = None
    decision: DecisionResult | None = None
    delay_ms: int | None = None
    resume_at: int | None = None
    resumed_at: int | None = None
    error: Error | None = None
    started_at: int | None = None
    completed_at: int | None = None
    deadline_at: int | None = None
    logs: Json = None

    @property
    def execution_id(self) -> str:
        """Identifies this record within the tenant."""
        return execution_id(self.run_id, self.step_id, self.visit, self.attempt)


def keys(recorded: Recorded) -> tuple[Key, ...]:
    """Return the key of the attempt, and after a takeover also the key of the attempt before."""
    tenant, run_id = key_of(recorded.stream)
    event: _Event = recorded.event
    attempt: int = getattr(event, "attempt", 1)
    key = (tenant, execution_id(run_id, event.step_id, event.visit, attempt))
    if isinstance(event, _TAKING_OVER) and event.cause == "takeover":
        before = execution_id(run_id, event.step_id, event.visit, attempt - 1)
        return key, (tenant, before)
    return (key,)


def creates(recorded: Recorded) -> bool:
    """Return whether the event begins a record."""
    event = recorded.event
    if isinstance(event, StepStarted):
        return event.cause in ("start", "reopen", "handover")
    if isinstance(event, RetryScheduled):
        return event.cause == "retry"
    return not isinstance(event, _NO_BEGINNING)


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold one event: it begins, changes or ends the record."""
    event: _Event = recorded.event
    match event:
        case (
            StepSucceeded()
            | StepFailed()
            | StepTimedOut()
            | StepCancelled()
            | StepReleased()
            | DelayElapsed()
        ):
            if document is not None:
                _end(document, event)
            return document
        case StepLogged() | TimerSet():
            if document is not None:
                _add(document, event)
            return document
        case _ if document is None:
            return _begun(recorded, event)
        case StepStarted():
            _start(document, event)
        case RetryScheduled() if document.attempt < event.attempt:
            _lose(document, event)
        case _:
            pass  # a repeated beginning changes nothing
    return document


def columns(document: Document) -> Values:
    """Return the deadline of a running attempt."""
    return (document.deadline_at if document.status == "running" else None,)


def is_final(document: Document) -> bool:
    """Return whether the record is final."""
    return document.status not in ("running", "waiting")


def _begun(recorded: Recorded, event: _Beginning) -> Document:
    match event:
        case StepStarted():
            document = _document(recorded, event, "compute", "running")
            document.attempt = event.attempt
            document.function = event.function
            document.cause = event.cause
            document.deadline_at = event.deadline_at
        case RetryScheduled():
            document = _document(recorded, event, "compute", "waiting")
            document.attempt = event.attempt
            document.cause = event.cause
            document.resume_at = event.due_at
            document.started_at = None
        case DelayStarted():
            document = _document(recorded, event, "delay", "waiting")
            document.delay_ms = event.delay_ms
            document.resume_at = event.resume_at
        case _:
            document = _ended_at_once(recorded, event)
    return document


def _ended_at_once(recorded: Recorded, event: _AtOnce) -> Document:
    match event:
        case DecisionTaken():
            document = _document(recorded, event, "decision", "succeeded")
            document.decision = event.result
        case SyncReached():
            document = _document(recorded, event, "sync", "succeeded")
        case StepSkipped():
            document = _document(recorded, event, event.kind, "skipped")
        case StepUndecided():
            document = _document(recorded, event, event.kind, "failed")
            document.error = event.error
        case StepCopied():
            document = _document(recorded, event, event.kind, event.status)
            document.cause = "copy"
            document.output, document.decision = event.output, event.decision
        case _:
            assert_never(event)
    document.completed_at = event.at
    return document


def _document(recorded: Recorded, event: _Beginning, kind: StepKind, status: Status) -> Document:
    tenant, run_id = key_of(recorded.stream)
    return Document(
        run_id=run_id,
        tenant=tenant,
        seq=recorded.version,
        step_id=event.step_id,
        kind=kind,
        visit=event.visit,
        status=status,
        started_at=event.at,
    )


def _start(document: Document, event: StepStarted) -> None:
    if document.attempt == event.attempt:
        document.status = "running"
        document.function = event.function
        document.deadline_at = event.deadline_at
        document.started_at = document.resumed_at = event.at
    else:
        _lose(document, event)


def _add(document: Document, event: StepLogged | TimerSet) -> None:
    """Fold an event that neither begins nor ends the record."""
    if isinstance(event, StepLogged):
        document.logs = event.logs
    else:
        document.resume_at = event.due_at


def _lose(document: Document, event: StepStarted | RetryScheduled) -> None:
    """End the attempt before `event`'s attempt: it was lost with its executor."""
    if not is_final(document):
        message = f"The executor was lost; attempt {event.attempt} takes over"
        _fail(document, Error(code="EXECUTOR_LOST", message=message), event.at)


def _end(document: Document, event: _Ending) -> None:
    document.completed_at = event.at
    match event:
        case StepSucceeded():
            document.status = "succeeded"
            document.output = event.output
            document.context = event.context
            document.warning = event.warning
        case StepFailed():
            _fail(document, event.error, event.at)
        case StepTimedOut():
            message = f"The attempt took longer than {event.timeout_ms} ms"
            _fail(document, Error(code="TIMEOUT", message=message), event.at)
        case StepReleased():
            _fail(document, _RELEASED[event.cause], event.at)
        case StepCancelled():
            document.status = "cancelled"
        case DelayElapsed():
            document.status = "succeeded"
            document.resumed_at = event.at
        case _:
            assert_never(event)


def _fail(document: Document, error: Error, at: int) -> None:
    document.status = "failed"
    document.error = error
    document.completed_at = at


VIEW = View(
    table=TABLE,
    document=Document,
    events=get_args(_Event),
    keys=keys,
    creates=creates,
    evolve=evolve,
    columns=columns,
    is_final=is_final,
)
