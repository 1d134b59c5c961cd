"""What a command to a run leads to. Decisions, delays and syncs need no executor: they chain here."""

from typing import assert_never

from domain.decider import Decider
from domain.definition.graph import Compute, Decision, Delay, Graph, Step, Sync
from domain.errors import InConflict, NotFound, StaleAttempt
from domain.run.backoff import backoff_ms
from domain.run.conditions import all_hold, choose
from domain.run.flow import ready
from domain.run.messages import (
    CancelRun,
    Cause,
    Command,
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    Error,
    Event,
    Failed,
    FireTimer,
    ReportOutcome,
    RequestRun,
    RetryRun,
    RetryScheduled,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunReopened,
    RunRequested,
    RunStarted,
    StartRun,
    StepCancelled,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    Succeeded,
    SyncReached,
    TakeOver,
    TimedOut,
)
from domain.run.state import State, StepState, evolve

MAX_TAKEOVERS = 100
"""A step whose executor died this often is taken for the cause and fails."""


class _Draft:
    """The events decided so far and the state they lead to."""

    __slots__ = ("at", "events", "graph", "state")

    def __init__(self, state: State, graph: Graph, at: int) -> None:
        self.state, self.graph, self.at = state, graph, at
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self.state = evolve(self.state, event)


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
            return _cancel(command, state)
        case RetryRun():
            return _retry(command, state)
    assert_never(command)


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
    draft = _Draft(state, command.graph, command.at)
    draft.emit(RunStarted(at=command.at))
    _advance(draft, None)
    return draft.events


def _report(command: ReportOutcome, state: State) -> list[Event]:
    step = state.holds(command.token)
    if step is None or step.status == "cancelled":
        message = f"Attempt {command.token.attempt} no longer holds step '{command.token.step_id}'"
        raise StaleAttempt(message)
    if step.status != "running":
        return []
    draft = _Draft(state, command.graph, command.at)
    _end_attempt(draft, command, step)
    return draft.events


def _end_attempt(draft: _Draft, command: ReportOutcome, step: StepState) -> None:
    at, token = command.at, command.token
    step_id, visit, attempt = token.step_id, token.visit, token.attempt
    match command.outcome:
        case Succeeded() as outcome:
            draft.emit(
                StepSucceeded(
                    step_id=step_id,
                    visit=visit,
                    attempt=attempt,
                    at=at,
                    output=outcome.output,
                    context=outcome.context,
                    warning=outcome.warning,
                )
            )
            _advance(draft, [step_id])
        case Failed() as outcome:
            final = not (outcome.retryable and _may_retry(draft, step_id, step))
            draft.emit(
                StepFailed(
                    step_id=step_id,
                    visit=visit,
                    attempt=attempt,
                    at=at,
                    error=outcome.error,
                    final=final,
                )
            )
            _after_failure(draft, step_id, final=final, jitter=outcome.jitter)
        case TimedOut() as outcome:
            final = not _may_retry(draft, step_id, step)
            draft.emit(
                StepTimedOut(
                    step_id=step_id,
                    visit=visit,
                    attempt=attempt,
                    at=at,
                    timeout_ms=_compute(draft, step_id).timeout_ms,
                    final=final,
                )
            )
            _after_failure(draft, step_id, final=final, jitter=outcome.jitter)


def _compute(draft: _Draft, step_id: str) -> Compute:
    step = draft.graph.by_id[step_id]
    if not isinstance(step, Compute):
        message = f"Step '{step_id}' has no attempts"
        raise StaleAttempt(message)
    return step


def _may_retry(draft: _Draft, step_id: str, step: StepState) -> bool:
    retry = _compute(draft, step_id).retry
    return retry is not None and step.failures + 1 < retry.max_attempts


def _after_failure(draft: _Draft, step_id: str, *, final: bool, jitter: float) -> None:
    retry = _compute(draft, step_id).retry
    if final or retry is None:
        _advance(draft, [])
        return
    step = draft.state.steps[step_id]
    due_at = draft.at + backoff_ms(retry, step.failures, jitter)
    draft.emit(
        RetryScheduled(
            step_id=step_id,
            visit=step.visit,
            attempt=step.attempt + 1,
            due_at=due_at,
            at=draft.at,
        )
    )
    if due_at <= draft.at:
        _begin(draft, _compute(draft, step_id), step.visit, step.attempt + 1, "retry")


def _fire(command: FireTimer, state: State) -> list[Event]:
    step = state.holds(command.token)
    if step is None or not step.open or command.at < step.due_at:
        return []
    draft = _Draft(state, command.graph, command.at)
    step_id, visit = command.token.step_id, command.token.visit
    if step.status == "delayed":
        draft.emit(DelayElapsed(step_id=step_id, visit=visit, at=command.at))
        _advance(draft, [step_id])
    elif step.status == "backing_off":
        _begin(draft, _compute(draft, step_id), visit, step.attempt, "retry")
    else:
        report = ReportOutcome(
            token=command.token,
            outcome=TimedOut(jitter=command.jitter),
            graph=command.graph,
            at=command.at,
        )
        _end_attempt(draft, report, step)
    return draft.events


def _take_over(command: TakeOver, state: State) -> list[Event]:
    draft = _Draft(state, command.graph, command.at)
    for step_id, step in state.steps.items():
        if step.status != "running" or state.final:
            continue
        if step.takeovers >= MAX_TAKEOVERS:
            error = Error(
                code="CRASH_LIMIT",
                message=f"The executor was lost {step.takeovers} times during this step",
            )
            draft.emit(
                StepFailed(
                    step_id=step_id,
                    visit=step.visit,
                    attempt=step.attempt,
                    at=command.at,
                    error=error,
                )
            )
            _advance(draft, [])
        else:
            compute = _compute(draft, step_id)
            _begin(draft, compute, step.visit, step.attempt + 1, "takeover")
    return draft.events


def _cancel(command: CancelRun, state: State) -> list[Event]:
    if not state.version:
        message = "Run not found"
        raise NotFound(message)
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
    if not state.version:
        message = "Run not found"
        raise NotFound(message)
    again = [
        step_id
        for step_id, step in state.steps.items()
        if step.status in ("failed", "cancelled") and command.step_id in (None, step_id)
    ]
    if state.status not in ("failed", "cancelled") or not again:
        message = "The run has no failed step to retry"
        raise InConflict(message)
    draft = _Draft(state, command.graph, command.at)
    draft.emit(RunReopened(by=command.by, steps=tuple(again), at=command.at))
    for step_id in again:
        _again(draft, command.graph.by_id[step_id])
    return draft.events


def _again(draft: _Draft, step: Step) -> None:
    state = draft.state.steps[step.id]
    if isinstance(step, Compute):
        _begin(draft, step, state.visit, state.attempt + 1, "reopen")
    elif isinstance(step, Delay):
        _delay(draft, step, state.visit + 1)


def _advance(draft: _Draft, finished: list[str] | None) -> None:
    """Activate what is ready, chain through steps that end at once, and settle the run."""
    while steps := ready(draft.graph, draft.state, finished):
        finished = []
        for step in steps:
            if draft.graph.flow == "next" and draft.state.activations >= draft.graph.loop_limit:
                _fail_by_loop(draft, step)
                return
            if _activate(draft, step):
                finished.append(step.id)
        if not finished:
            break
    _settle(draft)


def _activate(draft: _Draft, step: Step) -> bool:
    """Begin a visit of `step`; True when it is over at once."""
    before = draft.state.steps.get(step.id)
    visit = before.visit + 1 if before else 1
    match step:
        case Compute():
            if step.when and not all_hold(step.when, _scope(draft.state)):
                draft.emit(StepSkipped(step_id=step.id, visit=visit, at=draft.at))
                return True
            _begin(draft, step, visit, 1, "start")
            return False
        case Decision():
            result = choose(step.cases, step.default_next, _scope(draft.state))
            draft.emit(DecisionTaken(step_id=step.id, visit=visit, result=result, at=draft.at))
            return True
        case Delay():
            _delay(draft, step, visit)
            return False
        case Sync():
            draft.emit(SyncReached(step_id=step.id, visit=visit, at=draft.at))
            return True
    assert_never(step)


def _begin(draft: _Draft, step: Compute, visit: int, attempt: int, cause: Cause) -> None:
    draft.emit(
        StepStarted(
            step_id=step.id,
            visit=visit,
            attempt=attempt,
            at=draft.at,
            function=step.function,
            deadline_at=draft.at + step.timeout_ms,
            cause=cause,
        )
    )


def _delay(draft: _Draft, step: Delay, visit: int) -> None:
    draft.emit(
        DelayStarted(
            step_id=step.id,
            visit=visit,
            delay_ms=step.delay_ms,
            resume_at=draft.at + step.delay_ms,
            at=draft.at,
        )
    )


def _scope(state: State) -> dict[str, object]:
    """What condition paths begin in."""
    return {"input": state.input, "context": state.context, "steps": state.outputs}


def _settle(draft: _Draft) -> None:
    """End the run when nothing is under way any more."""
    state = draft.state
    if state.open or state.status != "running":
        return
    if state.failed_step is None or state.failure is None:
        draft.emit(RunCompleted(at=draft.at))
        return
    step = draft.graph.by_id[state.failed_step]
    if isinstance(step, Compute) and step.on_failure == "end":
        draft.emit(RunCompleted(at=draft.at, has_errors=True))
    else:
        draft.emit(RunFailed(at=draft.at, error=state.failure, step_id=state.failed_step))


def _fail_by_loop(draft: _Draft, step: Step) -> None:
    limit = draft.graph.loop_limit
    message = f"The run passed {limit} step activations at step '{step.id}'"
    error = Error(code="LOOP_LIMIT", message=message)
    draft.emit(RunFailed(at=draft.at, error=error, step_id=step.id))


DECIDER: Decider[Command, State, Event] = Decider("run", State(), decide, evolve)
