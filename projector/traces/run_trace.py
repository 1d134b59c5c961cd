"""Folds the events of one run into finished spans.

A run is a span, and each attempt of a step is one below it. A run that may wait for long, for a
delay or a synchronization point, is traced flat: a short root is finished as soon as the run has
started, and the run and its attempts are below it, because backends give up spans whose parent
comes hours later. The course of a reopened run is a span of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from baton.domain.run import messages as run
from baton.domain.run.attempts import EXECUTOR_LOST
from baton.projector.traces.span import Attributes, Span, SpanEvent
from baton.projector.traces.subject import Subject
from baton.projector.traces.waits import Waits
from baton.protocols.trace_context import attempt_span_id

CANCELLED: Final = "CANCELLED"
"""The error of a run or an attempt that was cancelled."""
RELEASED: Final = "RELEASED"
"""The error of an attempt that was ended so that another one can take its place."""
TIMEOUT: Final = "TIMEOUT"
"""The error of an attempt that passed its deadline."""

_Moment: TypeAlias = run.DecisionTaken | run.StepSkipped | run.StepUndecided
"""The events of a moment, which have no span of their own."""
_Token: TypeAlias = tuple[str, int, int]
"""Step id, visit and attempt."""


@dataclass(slots=True)
class RunTrace:
    """The fold of one run; `version` is that of its newest event that was folded.

    All of it follows from the events, so it can be forgotten and made again at any time.
    """

    subject: Subject
    version: int = 1
    _reopened: int = 0
    _began: int = 0
    _rooted: bool = False
    _open: dict[_Token, tuple[run.StepStarted, int]] = field(default_factory=dict)
    _events: list[SpanEvent] = field(default_factory=list)
    _waits: Waits = field(default_factory=Waits)

    def __post_init__(self) -> None:
        self._began = self.subject.requested.at

    @property
    def idle(self) -> bool:
        """Whether no attempt is open."""
        return not self._open

    def fold(self, event: Any, version: int) -> list[Span]:
        """Fold the event that made the run's `version`; return the spans that it finishes.

        Events that were folded before are skipped.
        """
        if version <= self.version:
            return []
        self.version = version
        handle = _HANDLERS.get(type(event))
        return [] if handle is None else handle(self, event)

    def start(self, event: run.RunStarted) -> list[Span]:
        """Finish the root of a flat trace."""
        self._waits.queued_ms = event.at - self.subject.requested.at
        return self._root(event.at)

    def begin_attempt(self, event: run.StepStarted) -> list[Span]:
        """Open the span of an attempt. Logs of earlier releases record a lost one only so."""
        token = (event.step_id, event.visit, event.attempt)
        lost = _before(token) if event.cause == "takeover" else None
        self._open[token] = (event, self._waits.end_backoff(token, event.at))
        return [] if lost is None else self._end(lost, event.at, EXECUTOR_LOST)

    def end_attempt(self, event: run.AttemptEnd) -> list[Span]:
        """Finish the span of an attempt, if the step had one."""
        self._waits.end_step(event.step_id, event.at)
        return self._end((event.step_id, event.visit, event.attempt), event.at, _error_of(event))

    def begin_backoff(self, event: run.RetryScheduled) -> list[Span]:
        """Begin a backoff; finish the span of an attempt that was lost."""
        token = (event.step_id, event.visit, event.attempt)
        self._waits.begin_backoff(token, event.at)
        if event.cause != "takeover":
            return []
        return self._end(_before(token), event.at, EXECUTOR_LOST)

    def begin_wait(self, event: run.DelayStarted | run.SyncAwaited) -> list[Span]:
        """Begin a wait."""
        self._waits.begin_step(event.step_id, event.at)
        return []

    def end_wait(self, event: run.DelayElapsed | run.SyncReached) -> list[Span]:
        """Add a wait to those of the run."""
        self._waits.end_step(event.step_id, event.at)
        return []

    def pause(self, event: run.RunPaused) -> list[Span]:
        """Begin a pause, unless the hold on the server has begun it."""
        if self._waits.paused_at is None:
            self._waits.paused_at = event.at
        return []

    def resume(self, event: run.RunResumed) -> list[Span]:
        """Add a pause to the waits of the run."""
        self._waits.resume(event.at)
        return []

    def add_moment(self, event: _Moment) -> list[Span]:
        """Add a decision and what it chose, or a step that ended without an attempt."""
        name, more = _moment_of(event)
        about = {"baton.step.id": event.step_id, "baton.step.visit": event.visit, **more}
        self._waits.end_step(event.step_id, event.at)
        self._events.append(SpanEvent(name=name, at=event.at, attributes=about))
        return []

    def finish(self, event: run.RunEnd) -> list[Span]:
        """Finish the span of the run, and the root of a flat trace whose run never started."""
        self._waits.resume(event.at)
        return [*self._root(event.at), self._course(event)]

    def reopen(self, event: run.RunReopened) -> list[Span]:
        """Begin another span of the run."""
        self._reopened += 1
        self._began = event.at
        self._events = []
        self._waits = Waits()
        return []

    def _root(self, at: int) -> list[Span]:
        """Return the root of a flat trace, unless it is finished already."""
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

    def _course(self, event: run.RunEnd) -> Span:
        subject, context = self.subject, self.subject.context
        span_id = subject.course_id(self._reopened)
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
                parent_id=context.root_id if subject.flat else subject.course_id(self._reopened),
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


def _attempt_attributes(began: run.StepStarted) -> Attributes:
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


def _error_of(event: run.AttemptEnd) -> str | None:
    match event:
        case run.StepSucceeded():
            return None
        case run.StepFailed():
            return event.error.code
        case run.StepTimedOut():
            return TIMEOUT
        case run.StepCancelled():
            return CANCELLED
        case run.StepReleased():
            return RELEASED


def _run_error_of(event: run.RunEnd) -> str | None:
    match event:
        case run.RunCompleted():
            return None
        case run.RunFailed():
            return event.error.code
        case run.RunCancelled():
            return CANCELLED


def _moment_of(event: _Moment) -> tuple[str, Attributes]:
    match event:
        case run.DecisionTaken():
            return "decision", {"baton.decision.next": event.result.selected or ""}
        case run.StepSkipped():
            return "step skipped", {}
        case run.StepUndecided():
            return "step failed", _error_attributes(event.error.code)


_HANDLERS: Final[Mapping[type, Callable[[RunTrace, Any], list[Span]]]] = {
    run.RunStarted: RunTrace.start,
    run.StepStarted: RunTrace.begin_attempt,
    run.StepSucceeded: RunTrace.end_attempt,
    run.StepFailed: RunTrace.end_attempt,
    run.StepTimedOut: RunTrace.end_attempt,
    run.StepCancelled: RunTrace.end_attempt,
    run.StepReleased: RunTrace.end_attempt,
    run.RetryScheduled: RunTrace.begin_backoff,
    run.DelayStarted: RunTrace.begin_wait,
    run.SyncAwaited: RunTrace.begin_wait,
    run.DelayElapsed: RunTrace.end_wait,
    run.SyncReached: RunTrace.end_wait,
    run.RunPaused: RunTrace.pause,
    run.RunResumed: RunTrace.resume,
    run.DecisionTaken: RunTrace.add_moment,
    run.StepSkipped: RunTrace.add_moment,
    run.StepUndecided: RunTrace.add_moment,
    run.RunCompleted: RunTrace.finish,
    run.RunFailed: RunTrace.finish,
    run.RunCancelled: RunTrace.finish,
    run.RunReopened: RunTrace.reopen,
}
TRACED_EVENTS: Final[frozenset[type]] = frozenset((run.RunRequested, *_HANDLERS))
"""Event classes of runs that spans are made of."""
