"""What a command to a run leads to: the refusals, and which rule goes to work."""

from typing import assert_never

from domain.decider import Decider
from domain.definition.graph import Compute, Delay
from domain.errors import InConflict, NotFound, StaleAttempt
from domain.run.advance import Draft, advance, begin, begin_delay
from domain.run.attempts import compute_step, end_attempt, take_over
from domain.run.messages import (
    CancelRun,
    Command,
    DelayElapsed,
    Event,
    FireTimer,
    ReportOutcome,
    RequestRun,
    RetryRun,
    RunCancelled,
    RunReopened,
    RunRequested,
    RunStarted,
    StartRun,
    StepCancelled,
    TakeOver,
    TimedOut,
)
from domain.run.state import State, evolve


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; raises NotFound, InConflict, StaleAttempt."""
    match command:
        case ReportOutcome():
            return _report(command, state)
        case RequestRun():
            return _request(command, state)
        case StartRun():
            return _start(command, state)
        case FireTimer():
            return _fire(command, state)
        case TakeOver():
            return _take_over(command, state)
        case CancelRun():
            return _cancel(command, _existing(state))
        case RetryRun():
            return _retry(command, _existing(state))
    assert_never(command)


def _existing(state: State) -> State:
    if not state.version:
        message = "Run not found"
        raise NotFound(message)
    return state


def _request(command: RequestRun, state: State) -> list[Event]:
    if state.version:
        return []
    definition = command.definition
    if not definition.version or definition.deleted:
        message = "Definition not found"
        raise NotFound(message)
    status = definition.body.status
    if status == "paused" or (status == "draft" and command.trigger != "on_demand"):
        message = f"Definition '{definition.slug}' is {status}: it starts no run"
        raise InConflict(message)
    return [
        RunRequested(
            tenant=definition.tenant,
            run_id=command.run_id,
            definition_id=definition.definition_id,
            version=definition.version,
            trigger=command.trigger,
            by=command.by,
            at=command.at,
            input=command.input,
            context=command.context,
            metadata=command.metadata,
            correlation_id=command.correlation_id,
            traceparent=command.traceparent,
        )
    ]


def _start(command: StartRun, state: State) -> list[Event]:
    if state.status != "pending":
        return []
    draft = Draft(state, command.graph, command.at)
    draft.emit(RunStarted(at=command.at))
    advance(draft, None)
    return draft.events


def _report(command: ReportOutcome, state: State) -> list[Event]:
    step = state.holds(command.token)
    if step is None or step.status == "cancelled":
        message = f"Attempt {command.token.attempt} no longer holds step '{command.token.step_id}'"
        raise StaleAttempt(message)
    if step.status != "running":
        return []
    draft = Draft(state, command.graph, command.at)
    end_attempt(draft, command.token, command.outcome)
    return draft.events


def _fire(command: FireTimer, state: State) -> list[Event]:
    step = state.holds(command.token)
    if step is None or not step.open or command.at < step.due_at:
        return []
    draft = Draft(state, command.graph, command.at)
    step_id = command.token.step_id
    if step.status == "delayed":
        draft.emit(DelayElapsed(step_id=step_id, visit=step.visit, at=command.at))
        advance(draft, [step_id])
    elif step.status == "backing_off":
        begin(draft, compute_step(draft, step_id), step.visit, step.attempt, "retry")
    else:
        end_attempt(draft, command.token, TimedOut(jitter=command.jitter))
    return draft.events


def _take_over(command: TakeOver, state: State) -> list[Event]:
    draft = Draft(state, command.graph, command.at)
    for step_id, step in state.steps.items():
        if step.status == "running":
            take_over(draft, step_id)
    return draft.events


def _cancel(command: CancelRun, state: State) -> list[Event]:
    if state.status == "cancelled":
        return []
    if state.final:
        message = f"The run has already {state.status}"
        raise InConflict(message)
    cut: list[Event] = [
        StepCancelled(step_id=step_id, visit=step.visit, attempt=step.attempt, at=command.at)
        for step_id, step in state.steps.items()
        if step.open
    ]
    return [*cut, RunCancelled(by=command.by, at=command.at, reason=command.reason)]


def _retry(command: RetryRun, state: State) -> list[Event]:
    unstarted = state.status == "cancelled" and not state.activations
    again = _to_reopen(command, state)
    if not again and not (unstarted and command.step_id is None):
        message = "The run has no failed step to retry"
        raise InConflict(message)
    draft = Draft(state, command.graph, command.at)
    draft.emit(RunReopened(by=command.by, steps=again, at=command.at))
    for step_id in again:
        _reopen(draft, step_id)
    if not again:
        draft.emit(RunStarted(at=command.at))
        advance(draft, None)
    return draft.events


def _to_reopen(command: RetryRun, state: State) -> tuple[str, ...]:
    """What a cancel cut off goes on in any case: the run could not end without it."""
    if state.status not in ("failed", "cancelled"):
        return ()
    ended = {of: each.status for of, each in state.steps.items() if not (each.open or each.done)}
    if command.step_id is not None and command.step_id not in ended:
        return ()
    return tuple(
        of for of, status in ended.items() if status == "cancelled" or command.step_id in (None, of)
    )


def _reopen(draft: Draft, step_id: str) -> None:
    step, state = draft.graph.by_id[step_id], draft.state.steps[step_id]
    if isinstance(step, Compute):
        begin(draft, step, state.visit, state.attempt + 1, "reopen")
    elif isinstance(step, Delay):
        begin_delay(draft, step, state.visit + 1)


DECIDER: Decider[Command, State, Event] = Decider("run", State(), decide, evolve)
