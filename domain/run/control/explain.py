"""Explains why a run doesn't continue yet, from its graph, its state and its history.

Callers add reasons that the history doesn't contain: about executors, functions and views.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from baton.domain.definition.graph import Compute, Graph
from baton.domain.run.control.explanation import Code, Explanation, NextEvent, Reason
from baton.domain.run.messages import Event
from baton.domain.run.messages.run_events import RunCancelled, RunCompleted, RunFailed, RunPaused
from baton.domain.run.messages.step_events import (
    StepFailed,
    StepLogged,
    StepTimedOut,
    TimerHeld,
    TimerSet,
)
from baton.domain.run.outcome import Error
from baton.domain.run.state import State
from baton.domain.run.steps import StepState

_OPEN_CODES: Final[Mapping[str, Code]] = {
    "running": "RUNNING",
    "released": "RELEASED",
    "delayed": "TIMER",
    "backing_off": "BACKOFF",
}
_SAME_STATUS: Final = (StepLogged, TimerHeld, TimerSet)
"""Events of a step that don't change its status."""


def explain(graph: Graph, state: State, now: int, history: Iterable[Event] = ()) -> Explanation:
    """Return why a run doesn't continue yet.

    Args:
        graph: The graph of the run's version.
        state: The state of the run.
        now: The current time, in ms since the epoch.
        history: The events of the run, which hold times and failures that the state lacks.
    """
    newest = _Newest(history)
    if state.final:
        return Explanation(status=state.status, because=(_finished_reason(state, newest),), next=())
    steps = tuple(_step_reasons(graph, state, now, newest))
    if state.hold is not None:
        because = (_paused_reason(state, newest), *steps)
        next_events = (NextEvent(event="RunResumed"), *_next_deadlines(steps))
        return Explanation(status="paused", because=because, next=next_events)
    if state.status == "pending":
        text = "The run waits for an executor that starts it"
        queued = Reason(code="QUEUED", text=text, state="pending", since=state.requested_at)
        return Explanation(
            status="pending", because=(queued,), next=(NextEvent(event="RunStarted"),)
        )
    if not state.open:
        text = "No step is open and none is ready: no recorded event continues the run"
        stuck = Reason(code="STUCK", text=text, state=state.status)
        return Explanation(status=state.status, because=(stuck, *steps), next=(), stuck=True)
    return Explanation(status=shown_status(state), because=steps, next=tuple(_next_events(steps)))


def shown_status(state: State) -> str:
    """Return the status as the view of runs has it: "waiting" if steps only wait for timers."""
    statuses = {step.status for step in state.steps.values()}
    waits = state.status == "running" and not statuses.isdisjoint(("delayed", "backing_off"))
    return "waiting" if waits and "running" not in statuses else state.status


class _Newest:
    """The newest change of status of the run and of each step, and each step's newest failure."""

    def __init__(self, history: Iterable[Event]) -> None:
        self.of_step: dict[str, Event] = {}
        self.failures: dict[str, Error] = {}
        self.of_run: Event | None = None
        for event in history:
            step_id = getattr(event, "step_id", None)
            if type(event).__name__.startswith("Run"):
                self.of_run = event
            elif step_id is not None and not isinstance(event, _SAME_STATUS):
                self.of_step[step_id] = event
            if isinstance(event, StepFailed):
                self.failures[event.step_id] = event.error
            elif isinstance(event, StepTimedOut):
                message = f"The attempt took longer than {event.timeout_ms} ms"
                self.failures[event.step_id] = Error(code="TIMEOUT", message=message)

    def since(self, step_id: str) -> int | None:
        """Return the time of the newest change of a step's status, None without one."""
        event = self.of_step.get(step_id)
        return None if event is None else event.at


def _finished_reason(state: State, newest: _Newest) -> Reason:
    event = newest.of_run
    match event:
        case RunFailed():
            where = f"at step '{event.step_id}' " if event.step_id else ""
            text = f"The run failed {where}with {event.error.code}: {event.error.message}"
        case RunCancelled():
            reason = f": {event.reason}" if event.reason else ""
            text = f"{event.actor.subject} cancelled the run{reason}"
        case RunCompleted() if event.has_errors:
            text = "The run completed, although steps failed whose failure ends it"
        case _:
            text = f"The run has ended: {state.status}"
    since = None if event is None else event.at
    return Reason(code="FINISHED", text=text, state=state.status, since=since)


def _paused_reason(state: State, newest: _Newest) -> Reason:
    text, event = "The run is paused: no step starts until it is resumed", newest.of_run
    if state.hold is not None and state.hold.by_server:
        text = "The hold on the server paused the run: it continues when the server is released"
    elif isinstance(event, RunPaused):
        reason = f" ({event.reason})" if event.reason else ""
        text = f"{event.actor.subject} paused the run{reason}: no step starts until it is resumed"
    since = None if state.hold is None else state.hold.at
    return Reason(code="PAUSED", text=text, state="paused", since=since)


def _step_reasons(graph: Graph, state: State, now: int, newest: _Newest) -> Iterator[Reason]:
    for step in graph.steps:
        step_state = state.steps.get(step.id)
        if step_state is None:
            missing = tuple(need for need in step.needs if not _is_done(state, need))
            if graph.flow == "needs" and missing:
                yield _needs_reason(state, step.id, missing)
        elif step_state.awaited:
            missing = tuple(need for need in step.needs if not _is_done(state, need))
            awaited = _needs_reason(state, step.id, missing)
            yield replace(awaited, state=step_state.status, due_at=step_state.due_at)
        elif step_state.open:
            compute = step if isinstance(step, Compute) else None
            yield _open_reason(step.id, step_state, compute, now, newest)


def _needs_reason(state: State, step_id: str, missing: tuple[str, ...]) -> Reason:
    failed = [need for need in missing if _has_failed(state, need)]
    names = ", ".join(f"'{need}'" for need in failed or missing)
    text = f"It never starts, because {names} failed" if failed else f"It waits for {names}"
    return Reason(code="NEEDS", text=text, state="pending", step_id=step_id, needs=missing)


def _is_done(state: State, step_id: str) -> bool:
    step = state.steps.get(step_id)
    return step is not None and step.done


def _has_failed(state: State, step_id: str) -> bool:
    step = state.steps.get(step_id)
    return step is not None and step.status in ("failed", "cancelled")


def _open_reason(
    step_id: str, step: StepState, compute: Compute | None, now: int, newest: _Newest
) -> Reason:
    code = _OPEN_CODES[step.status]
    overdue = bool(step.due_at) and step.due_at < now
    retried = code == "BACKOFF" or step.failures
    return Reason(
        code=code,
        text=_open_text(code, step, compute, overdue=overdue),
        state=step.status,
        step_id=step_id,
        since=newest.since(step_id),
        due_at=None if code == "RELEASED" else step.due_at,
        attempt=None if compute is None else step.attempt,
        of=None if compute is None or compute.retry is None else compute.retry.max_attempts,
        function=None if compute is None else compute.function,
        last_error=newest.failures.get(step_id) if retried else None,
    )


def _open_text(code: Code, step: StepState, compute: Compute | None, *, overdue: bool) -> str:
    match code:
        case "RUNNING":
            function = "its function" if compute is None else f"function '{compute.function}'"
            late = ", past its deadline" if overdue else ""
            return f"Attempt {step.attempt} waits for {function}{late}"
        case "BACKOFF":
            return f"Attempt {step.attempt} starts after a backoff"
        case "RELEASED":
            return f"Attempt {step.attempt} was given up; another one follows"
        case _:
            return "Its delay is due" if overdue else "It waits in a delay"


def _next_events(steps: Iterable[Reason]) -> Iterator[NextEvent]:
    for reason in steps:
        match reason.code:
            case "RUNNING":
                yield NextEvent(event="StepTimedOut", step_id=reason.step_id, due_at=reason.due_at)
            case "TIMER":
                yield NextEvent(event="DelayElapsed", step_id=reason.step_id, due_at=reason.due_at)
            case "BACKOFF":
                yield NextEvent(event="StepStarted", step_id=reason.step_id, due_at=reason.due_at)
            case "NEEDS" if reason.due_at is not None:
                yield NextEvent(event="StepUndecided", step_id=reason.step_id, due_at=reason.due_at)
            case "RELEASED":
                yield NextEvent(event="StepStarted", step_id=reason.step_id)
            case _:
                pass


def _next_deadlines(steps: Iterable[Reason]) -> Iterator[NextEvent]:
    return (event for event in _next_events(steps) if event.event == "StepTimedOut")
