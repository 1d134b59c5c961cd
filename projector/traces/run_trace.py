"""Folds the events of one run into finished spans.

The root span is the run; each attempt of a step is a child. A run that may wait for long, in a
delay or for a synchronization point, is traced flat: its root ends when the run has started, and
the spans of the run and of its attempts are children of that root. Trace backends would otherwise
drop the spans of attempts, because their parent arrives hours later. Each reopening of a run begins
another span of the run.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from baton.domain.run.attempts import EXECUTOR_LOST
from baton.domain.run.messages.run_events import (
    RunCancelled,
    RunCompleted,
    RunEnd,
    RunFailed,
    RunPaused,
    RunReopened,
    RunRequested,
    RunResumed,
    RunStarted,
)
from baton.domain.run.messages.step_events import (
    AttemptEnd,
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
    StepCancelled,
    StepFailed,
    StepReleased,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    StepUndecided,
    SyncAwaited,
    SyncReached,
)
from baton.projector.traces.span import Attributes, Span, SpanEvent
from baton.projector.traces.subject import Subject
from baton.projector.traces.waits import Waits
from baton.protocols.trace_context import attempt_span_id

CANCELLED: Final = "CANCELLED"
"""The error of a run or an attempt that was cancelled."""
RELEASED: Final = "RELEASED"
"""The error of an attempt that was released: another attempt replaces it."""
TIMEOUT: Final = "TIMEOUT"
"""The error of an attempt that passed its deadline."""

_Moment: TypeAlias = DecisionTaken | StepSkipped | StepUndecided
"""Events without a duration; they become span events of the run's span."""
_Token: TypeAlias = tuple[str, int, int]
"""Step id, visit and attempt."""


@dataclass(slots=True)
class RunTrace:
    """The fold of one run; `version` is the version of its newest folded event."""

    subject: Subject
    version: int = 1
    _reopened: int = 0
    _began: int = 0
    _rooted: bool = False
    _open: dict[_Token, tuple[StepStarted, int]] = field(default_factory=dict)
    _events: list[SpanEvent] = field(default_factory=list)
    _waits: Waits = field(default_factory=Waits)

    def __post_init__(self) -> None:
        self._began = self.subject.requested.at

    @property
    def idle(self) -> bool:
        """Whether no attempt is open."""
        return not self._open

    def fold(self, event: Any, version: int) -> list[Span]:
        """Fold the event with this version; return the spans that it ends.

        Does nothing for an event that was folded before.
        """
        if version <= self.version:
            return []
        self.version = version
        handle = _HANDLERS.get(type(event))
        return [] if handle is None else handle(self, event)

    def start(self, event: RunStarted) -> list[Span]:
        """End the root of a flat trace."""
        self._waits.queued_ms = event.at - self.subject.requested.at
        return self._root(event.at)

    def begin_attempt(self, event: StepStarted) -> list[Span]:
        """Open the span of an attempt.

        In logs of earlier releases, the cause "takeover" also ends the attempt before it.
        """
        token = (event.step_id, event.visit, event.attempt)
        lost = _before(token) if event.cause == "takeover" else None
        self._open[token] = (event, self._waits.end_backoff(token, event.at))
        return [] if lost is None else self._end(lost, event.at, EXECUTOR_LOST)

    def end_attempt(self, event: AttemptEnd) -> list[Span]:
        """End the span of an attempt, if the step has one."""
        self._waits.end_step(event.step_id, event.at)
        return self._end((event.step_id, event.visit, event.attempt), event.at, _error_of(event))

    def begin_backoff(self, event: RetryScheduled) -> list[Span]:
        """Begin a backoff; after a takeover, end the span of the lost attempt."""
        token = (event.step_id, event.visit, event.attempt)
        self._waits.begin_backoff(token, event.at)
        if event.cause != "takeover":
            return []
        return self._end(_before(token), event.at, EXECUTOR_LOST)

    def begin_wait(self, event: DelayStarted | SyncAwaited) -> list[Span]:
        """Begin a delay, or the wait for a synchronization point."""
        self._waits.begin_step(event.step_id, event.at)
        return []

    def end_wait(self, event: DelayElapsed | SyncReached) -> list[Span]:
        """Add the time of a delay or wait to the run."""
        self._waits.end_step(event.step_id, event.at)
        return []

    def pause(self, event: RunPaused) -> list[Span]:
        """Begin a pause, unless the hold on the server began one before."""
        if self._waits.paused_at is None:
            self._waits.paused_at = event.at
        return []

    def resume(self, event: RunResumed) -> list[Span]:
        """Add the time of a pause to the run."""
        self._waits.resume(event.at)
        return []

    def add_moment(self, event: _Moment) -> list[Span]:
        """Add a span event: a decision with the chosen step, or a step without an attempt."""
        name, more = _moment_of(event)
        about = {"baton.step.id": event.step_id, "baton.step.visit": event.visit, **more}
        self._waits.end_step(event.step_id, event.at)
        self._events.append(SpanEvent(name=name, at=event.at, attributes=about))
        return []

    def finish(self, event: RunEnd) -> list[Span]:
        """End the span of the run, and the root of a flat trace if the run never started."""
        self._waits.resume(event.at)
        return [*self._root(event.at), self._run_span(event)]

    def reopen(self, event: RunReopened) -> list[Span]:
        """Begin another span of the run after a reopening."""
        self._reopened += 1
        self._began = event.at
        self._events = []
        self._waits = Waits()
        return []

    def _root(self, at: int) -> list[Span]:
        """Return the root span of a flat trace; none if it has ended before."""
        subject, context = self.subject, self.subject.context
        if not subject.flat or self._rooted:
            return []
        self._rooted = True
        return [
            Span(
                name=f"start {subject.slug}",
                trace_id=context.trace_id,
                span_id=context.root_id,
                start=subject.requested.at,
                end=at,
                parent_id=context.parent_id,
                remote_parent=context.parent_id is not None,
                kind=subject.kind,
                attributes=subject.run_attributes(),
                links=subject.links,
            )
        ]

    def _run_span(self, event: RunEnd) -> Span:
        subject, context = self.subject, self.subject.context
        span_id = subject.run_span_id(self._reopened)
        is_root = span_id == context.root_id
        error = _run_error_of(event)
        return Span(
            name=f"run {subject.slug}",
            trace_id=context.trace_id,
            span_id=span_id,
            start=self._began,
            end=event.at,
            parent_id=context.parent_id if is_root else context.root_id,
            remote_parent=is_root and context.parent_id is not None,
            kind=subject.kind if is_root else "internal",
            error=error,
            attributes={
                **subject.run_attributes(),
                **self._waits.attributes(),
                **({"baton.run.reopened": self._reopened} if self._reopened else {}),
                **_error_attributes(error),
            },
            events=tuple(self._events),
            links=subject.links if is_root else (),
        )

    def _end(self, token: _Token, at: int, error: str | None) -> list[Span]:
        """Return the span of an attempt; none if it isn't open."""
        subject, context = self.subject, self.subject.context
        if token not in self._open:
            return []
        began, backoff_ms = self._open.pop(token)
        return [
            Span(
                name=f"step {began.step_id}",
                trace_id=context.trace_id,
                span_id=attempt_span_id(subject.requested.run_id, *token),
                start=began.at,
                end=at,
                parent_id=context.root_id if subject.flat else subject.run_span_id(self._reopened),
                kind="client" if began.function in subject.http_functions else "internal",
                error=error,
                attributes={
                    **subject.attributes(),
                    **_attempt_attributes(began),
                    **({"baton.step.backoff_ms": backoff_ms} if backoff_ms else {}),
                    **_error_attributes(error),
                },
            )
        ]


def _before(token: _Token) -> _Token:
    step_id, visit, attempt = token
    return step_id, visit, attempt - 1


def _attempt_attributes(began: StepStarted) -> Attributes:
    return {
        "baton.step.id": began.step_id,
        "baton.step.kind": began.kind,
        "baton.step.visit": began.visit,
        "baton.step.attempt": began.attempt,
        "baton.step.cause": began.cause,
        "baton.function": began.function,
    }


def _error_attributes(error: str | None) -> Attributes:
    return {} if error is None else {"error.type": error}


def _error_of(event: AttemptEnd) -> str | None:
    match event:
        case StepSucceeded():
            return None
        case StepFailed():
            return event.error.code
        case StepTimedOut():
            return TIMEOUT
        case StepCancelled():
            return CANCELLED
        case StepReleased():
            return RELEASED


def _run_error_of(event: RunEnd) -> str | None:
    match event:
        case RunCompleted():
            return None
        case RunFailed():
            return event.error.code
        case RunCancelled():
            return CANCELLED


def _moment_of(event: _Moment) -> tuple[str, Attributes]:
    match event:
        case DecisionTaken():
            return "decision", {"baton.decision.next": event.result.selected or ""}
        case StepSkipped():
            return "step skipped", {}
        case StepUndecided():
            return "step failed", _error_attributes(event.error.code)


_HANDLERS: Final[Mapping[type, Callable[[RunTrace, Any], list[Span]]]] = {
    RunStarted: RunTrace.start,
    StepStarted: RunTrace.begin_attempt,
    StepSucceeded: RunTrace.end_attempt,
    StepFailed: RunTrace.end_attempt,
    StepTimedOut: RunTrace.end_attempt,
    StepCancelled: RunTrace.end_attempt,
    StepReleased: RunTrace.end_attempt,
    RetryScheduled: RunTrace.begin_backoff,
    DelayStarted: RunTrace.begin_wait,
    SyncAwaited: RunTrace.begin_wait,
    DelayElapsed: RunTrace.end_wait,
    SyncReached: RunTrace.end_wait,
    RunPaused: RunTrace.pause,
    RunResumed: RunTrace.resume,
    DecisionTaken: RunTrace.add_moment,
    StepSkipped: RunTrace.add_moment,
    StepUndecided: RunTrace.add_moment,
    RunCompleted: RunTrace.finish,
    RunFailed: RunTrace.finish,
    RunCancelled: RunTrace.finish,
    RunReopened: RunTrace.reopen,
}
TRACED_EVENTS: Final[frozenset[type]] = frozenset((RunRequested, *_HANDLERS))
"""The event classes that are folded into spans."""
