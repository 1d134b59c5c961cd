"""The state of a run, folded from its events. Only `RunReopened` leaves a final status."""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, assert_never

from baton.domain.artifact import MAX_INLINE_BYTES
from baton.domain.json import Json, JsonObject
from baton.domain.run.messages import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    Error,
    Event,
    RetryScheduled,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunReopened,
    RunRequested,
    RunStarted,
    StepCancelled,
    StepFailed,
    StepLogged,
    StepReleased,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    StepUndecided,
    SyncAwaited,
    SyncReached,
    Token,
)
from baton.domain.run.steps import NO_ATTEMPT, OPEN, Status, Steps, StepState

RunStatus = Literal["none", "pending", "running", "completed", "failed", "cancelled"]
FINAL: frozenset[RunStatus] = frozenset(("completed", "failed", "cancelled"))

_UnfinishedEvent: TypeAlias = (
    StepFailed | StepTimedOut | StepUndecided | StepCancelled | StepReleased | RetryScheduled
)
_StatusEvent: TypeAlias = RunStarted | RunCompleted | RunFailed | RunCancelled | RunReopened
_PassingEvent: TypeAlias = (
    StepSkipped | DecisionTaken | SyncAwaited | SyncReached | DelayStarted | DelayElapsed
)


@dataclass(frozen=True, kw_only=True)
class State:
    """A run; `version` is the number of folded events.

    `outputs` maps step ids to `{"output": …}`, as functions and conditions see them. `last` is the
    step that finished last in a graph with *next* pointers, `selected` the choice of its decision.
    `open` counts the steps whose outcome is still to come, `activations` the visits of all steps.
    `errors` holds the final failures of steps, in the order in which they happened. `size` is that
    of the input, the context patches and every recorded output, in bytes of JSON; `artifacts` is
    whether an artifact may stand in `input`, `context` or `outputs`. `late_logs` are the attempts
    whose logs were recorded after their end. No slots: `_changed` copies `__dict__` as a whole.
    """

    version: int = 0
    status: RunStatus = "none"
    tenant: str = ""
    run_id: str = ""
    definition_id: str = ""
    definition_version: int = 0
    requested_at: int = 0
    traceparent: str | None = None
    input: Json = None
    context: JsonObject = field(default_factory=dict)
    outputs: JsonObject = field(default_factory=dict)
    steps: Steps = field(default_factory=Steps)
    errors: dict[str, Error] = field(default_factory=dict)
    open: int = 0
    last: str | None = None
    selected: str | None = None
    activations: int = 0
    size: int = 0
    artifacts: bool = False
    late_logs: frozenset[Token] = frozenset()

    @property
    def final(self) -> bool:
        """True once the run has ended."""
        return self.status in FINAL

    @property
    def ended_steps(self) -> int:
        """The number of steps that are not open: those that have an outcome or are awaited."""
        return len(self.steps) - self.open

    def current_attempt(self, token: Token) -> StepState | None:
        """Return the state of the step if `token` is of its current attempt, else None."""
        step = self.steps.get(token.step_id)
        if step is None or step.visit != token.visit or step.attempt != token.attempt:
            return None
        return step

    def is_running(self, token: Token) -> bool:
        """Return whether `token` is of an attempt that is running."""
        step = self.current_attempt(token)
        return step is not None and step.status == "running"


NOT_REQUESTED: Final = State()
"""The state before the first event."""


def evolve(state: State, event: Event) -> State:
    """Return the state after `event`. The most frequent events are matched first."""
    match event:
        case StepStarted():
            return _started(state, event)
        case StepSucceeded():
            return _succeeded(state, event)
        case RunRequested():
            return _requested(event)
        case RunStarted() | RunCompleted() | RunFailed() | RunCancelled() | RunReopened():
            return _status(state, event)
        case (
            StepFailed()
            | StepTimedOut()
            | StepCancelled()
            | StepReleased()
            | RetryScheduled()
            | StepUndecided()
        ):
            return _unfinished(state, event)
        case (
            StepSkipped()
            | DecisionTaken()
            | SyncAwaited()
            | SyncReached()
            | DelayStarted()
            | DelayElapsed()
        ):
            return _passing(state, event)
        case StepLogged():
            return _logged(state, event)
    assert_never(event)


def _unfinished(state: State, event: _UnfinishedEvent) -> State:
    """Apply an event of an attempt that didn't succeed."""
    match event:
        case StepFailed():
            return _failed(state, event, event.error)
        case StepTimedOut():
            message = f"The attempt took longer than {event.timeout_ms} ms"
            return _failed(state, event, Error(code="TIMEOUT", message=message))
        case StepUndecided():
            return _undecided(state, event)
        case StepCancelled():
            before = state.steps[event.step_id]
            return _put(state, event.step_id, before.with_status("cancelled"))
        case StepReleased():
            before = state.steps[event.step_id]
            return _put(state, event.step_id, before.with_status("released"))
        case RetryScheduled():
            before = state.steps[event.step_id]
            waiting = StepState(
                "backing_off",
                event.visit,
                event.attempt,
                event.due_at,
                before.failures,
                before.takeovers + (event.cause == "takeover"),
            )
            return _put(state, event.step_id, waiting)
    assert_never(event)


def _passing(state: State, event: _PassingEvent) -> State:
    """Apply an event of a step that needs no executor."""
    step_id, activations = event.step_id, state.activations + 1
    match event:
        case DelayStarted():
            step = StepState("delayed", event.visit, 1, event.resume_at)
            return _put(state, step_id, step, activations=activations)
        case SyncAwaited():
            step = StepState("awaited", event.visit, NO_ATTEMPT, event.deadline_at)
            return _put(state, step_id, step)
        case DelayElapsed():
            step = state.steps[step_id].with_status("succeeded")
            return _put(state, step_id, step, last=step_id, selected=None)
        case DecisionTaken():
            selected = event.result.selected
        case SyncReached() | StepSkipped():
            selected = None
        case _:
            assert_never(event)
    status: Status = "skipped" if isinstance(event, StepSkipped) else "succeeded"
    step = StepState(status, event.visit, 1)
    return _put(state, step_id, step, last=step_id, selected=selected, activations=activations)


def _requested(event: RunRequested) -> State:
    return _changed(
        NOT_REQUESTED,
        {
            "status": "pending",
            "tenant": event.tenant,
            "run_id": event.run_id,
            "definition_id": event.definition_id,
            "definition_version": event.version,
            "requested_at": event.at,
            "traceparent": event.traceparent,
            "input": event.input,
            "context": event.context,
            "size": event.size,
            "artifacts": event.size > MAX_INLINE_BYTES,
        },
    )


def _status(state: State, event: _StatusEvent) -> State:
    """Apply an event that changes the status of the run."""
    match event:
        case RunStarted():
            return _changed(state, {"status": "running"})
        case RunCompleted():
            return _changed(state, {"status": "completed"})
        case RunFailed():
            return _changed(state, {"status": "failed"})
        case RunCancelled():
            return _changed(state, {"status": "cancelled"})
        case RunReopened():
            errors = {of: error for of, error in state.errors.items() if of not in event.steps}
            return _changed(state, {"status": "running", "errors": errors})
    assert_never(event)


def _started(state: State, event: StepStarted) -> State:
    before = state.steps.get(event.step_id)
    if before is None or before.visit != event.visit:
        step = StepState("running", event.visit, event.attempt, event.deadline_at)
        return _put(state, event.step_id, step, activations=state.activations + 1)
    failures, takeovers = before.failures, before.takeovers
    if event.cause == "reopen":
        failures = takeovers = 0
    elif event.cause == "takeover":
        takeovers += 1
    step = StepState("running", event.visit, event.attempt, event.deadline_at, failures, takeovers)
    return _put(state, event.step_id, step)


def _succeeded(state: State, event: StepSucceeded) -> State:
    outputs = state.outputs.copy()
    outputs[event.step_id] = {"output": event.output}
    step = state.steps[event.step_id].with_status("succeeded")
    context = {**state.context, **event.context} if event.context else state.context
    return _put(
        state,
        event.step_id,
        step,
        last=event.step_id,
        outputs=outputs,
        context=context,
        size=state.size + event.size,
        artifacts=state.artifacts or event.size > MAX_INLINE_BYTES,
    )


def _failed(state: State, event: StepFailed | StepTimedOut, error: Error) -> State:
    before = state.steps[event.step_id]
    step = StepState(
        "failed",
        before.visit,
        before.attempt,
        before.due_at,
        before.failures + 1,
        before.takeovers,
    )
    if not event.final:
        return _put(state, event.step_id, step)
    return _put(state, event.step_id, step, errors={**state.errors, event.step_id: error})


def _undecided(state: State, event: StepUndecided) -> State:
    """Apply the failure of a visit that has no attempt."""
    step = StepState("failed", event.visit, NO_ATTEMPT, failures=1)
    errors = {**state.errors, event.step_id: event.error}
    return _put(state, event.step_id, step, errors=errors, activations=state.activations + 1)


def _logged(state: State, event: StepLogged) -> State:
    token = Token(event.step_id, event.visit, event.attempt)
    if state.is_running(token):
        return _changed(state, {})
    return _changed(state, {"late_logs": state.late_logs | {token}})


def _put(state: State, step_id: str, step: StepState, **changes: object) -> State:
    before = state.steps.get(step_id)
    opened = (step.status in OPEN) - (before is not None and before.status in OPEN)
    changes["steps"] = state.steps.put(step_id, step)
    changes["open"] = state.open + opened
    return _changed(state, changes)


def _changed(state: State, changes: dict[str, object]) -> State:
    """Return a copy of `state` with `changes` and the next version.

    `dataclasses.replace` costs twenty times as much: `dict.copy` clones the table as a whole, while
    an initializer sets one member after the other.
    """
    fields = state.__dict__.copy()
    fields["version"] += 1
    fields.update(changes)
    after = object.__new__(State)
    object.__setattr__(after, "__dict__", fields)
    return after
