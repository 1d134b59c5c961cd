"""A run as its events leave it. A status is a fold: only `RunReopened` leaves a final one."""

from dataclasses import dataclass, field, replace
from typing import Literal

from domain.json import Json, JsonObject
from domain.run.messages import (
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
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    SyncReached,
    Token,
)

RunStatus = Literal["none", "pending", "running", "completed", "failed", "cancelled"]
StepStatus = Literal[
    "running", "delayed", "backing_off", "succeeded", "skipped", "failed", "cancelled"
]
FINAL: frozenset[RunStatus] = frozenset(("completed", "failed", "cancelled"))
_OPEN: frozenset[StepStatus] = frozenset(("running", "delayed", "backing_off"))


@dataclass(frozen=True, slots=True)
class StepState:
    """Where the newest visit of a step stands; `due_at` is its timer (deadline, delay, backoff)."""

    status: StepStatus
    visit: int
    attempt: int
    due_at: int = 0
    failures: int = 0
    takeovers: int = 0

    @property
    def open(self) -> bool:
        """Whether an outcome is still to come."""
        return self.status in _OPEN

    @property
    def done(self) -> bool:
        """Whether what needs this step may start."""
        return self.status in ("succeeded", "skipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`version` counts the events folded; `outputs` has the shape functions and conditions see.

    `last` is the step the walking token stands on, `selected` where its decision points; `open` counts steps
    whose outcome is still to come; `activations` counts visits of all steps.
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
    steps: dict[str, StepState] = field(default_factory=dict)
    open: int = 0
    last: str | None = None
    selected: str | None = None
    activations: int = 0
    failed_step: str | None = None
    failure: Error | None = None

    @property
    def final(self) -> bool:
        """Whether the run has ended."""
        return self.status in FINAL

    def holds(self, token: Token) -> StepState | None:
        """Return the step's state when `token` names its current attempt."""
        step = self.steps.get(token.step_id)
        if step is None or (step.visit, step.attempt) != (token.visit, token.attempt):
            return None
        return step


def evolve(state: State, event: Event) -> State:  # noqa: C901, PLR0911, PLR0912 - one arm an event
    """Return the state after `event`."""
    version = state.version + 1
    match event:
        case StepStarted():
            return _started(state, event, version)
        case StepSucceeded():
            done = _set(state, event.step_id, "succeeded")
            return replace(
                done,
                version=version,
                last=event.step_id,
                outputs={**state.outputs, event.step_id: {"output": event.output}},
                context={**state.context, **event.context} if event.context else state.context,
            )
        case StepFailed():
            return _failed(state, event, event.error, version)
        case StepTimedOut():
            message = f"The attempt took longer than {event.timeout_ms} ms"
            return _failed(state, event, Error(code="TIMEOUT", message=message), version)
        case RetryScheduled():
            step = replace(
                state.steps[event.step_id],
                status="backing_off",
                attempt=event.attempt,
                due_at=event.due_at,
            )
            return _put(state, event.step_id, step, version)
        case StepCancelled():
            return replace(_set(state, event.step_id, "cancelled"), version=version)
        case StepSkipped():
            return _passed(state, event.step_id, event.visit, version, "skipped")
        case DecisionTaken():
            passed = _passed(state, event.step_id, event.visit, version, "succeeded")
            return replace(passed, selected=event.result.selected)
        case SyncReached():
            return _passed(state, event.step_id, event.visit, version, "succeeded")
        case DelayStarted():
            step = StepState("delayed", event.visit, 1, event.resume_at)
            return replace(
                _put(state, event.step_id, step, version), activations=state.activations + 1
            )
        case DelayElapsed():
            return replace(_set(state, event.step_id, "succeeded"), version=version, last=event.step_id)
        case RunRequested():
            return _requested(event)
        case RunStarted():
            return replace(state, version=version, status="running")
        case RunCompleted():
            return replace(state, version=version, status="completed")
        case RunFailed():
            return replace(state, version=version, status="failed", failure=event.error)
        case RunCancelled():
            return replace(state, version=version, status="cancelled")
        case RunReopened():
            return replace(
                state, version=version, status="running", failure=None, failed_step=None
            )


def _requested(event: RunRequested) -> State:
    return State(
        version=1,
        status="pending",
        tenant=event.tenant,
        run_id=event.run_id,
        definition_id=event.definition_id,
        definition_version=event.version,
        requested_at=event.at,
        traceparent=event.traceparent,
        input=event.input,
        context=event.context,
    )


def _started(state: State, event: StepStarted, version: int) -> State:
    before = state.steps.get(event.step_id)
    again = before is not None and before.visit == event.visit
    step = StepState(
        "running",
        event.visit,
        event.attempt,
        event.deadline_at,
        before.failures if again and before and event.cause != "reopen" else 0,
        before.takeovers + (event.cause == "takeover") if again and before else 0,
    )
    after = _put(state, event.step_id, step, version)
    return after if again else replace(after, activations=state.activations + 1)


def _failed(state: State, event: StepFailed | StepTimedOut, error: Error, version: int) -> State:
    before = state.steps[event.step_id]
    step = replace(before, status="failed", failures=before.failures + 1)
    after = _put(state, event.step_id, step, version)
    if not event.final:
        return after
    return replace(after, failed_step=event.step_id, failure=error)


def _passed(
    state: State, step_id: str, visit: int, version: int, status: StepStatus
) -> State:
    """Enter and leave a step in one event."""
    after = _put(state, step_id, StepState(status, visit, 1), version)
    return replace(after, last=step_id, selected=None, activations=state.activations + 1)


def _set(state: State, step_id: str, status: StepStatus) -> State:
    return _put(state, step_id, replace(state.steps[step_id], status=status), state.version)


def _put(state: State, step_id: str, step: StepState, version: int) -> State:
    before = state.steps.get(step_id)
    opened = step.open - (before.open if before else False)
    steps = state.steps.copy()
    steps[step_id] = step
    return replace(state, version=version, steps=steps, open=state.open + opened)
