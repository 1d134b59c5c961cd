"""The start times of one unfinished run and its attempts, and the due times of its timers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from baton.domain.run.messages.run_events import (
    RunCancelled,
    RunCompleted,
    RunEnd,
    RunFailed,
    RunReopened,
    RunRequested,
)
from baton.domain.run.messages.step_events import (
    AttemptEnd,
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
    StepCancelled,
    StepFailed,
    StepReleased,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    TimerHeld,
    TimerSet,
)
from baton.domain.run.trigger import BySchedule
from baton.projector.run_metrics.metrics import Metrics

_Token: TypeAlias = tuple[str, int, int]
"""Step id, visit and attempt."""
_OUTCOMES: Final[Mapping[type, str]] = {
    StepSucceeded: "succeeded",
    StepFailed: "failed",
    StepTimedOut: "timed_out",
    StepCancelled: "cancelled",
    StepReleased: "released",
}
_STATUSES: Final[Mapping[type, str]] = {
    RunCompleted: "completed",
    RunFailed: "failed",
    RunCancelled: "cancelled",
}
LOST: Final = "lost"
"""The outcome of an attempt that was lost with its executor."""


@dataclass(slots=True)
class OpenRun:
    """An unfinished run; `definition` is the tenant and the slug of its definition.

    `version` is the version of its newest counted event.
    """

    definition: tuple[str, str]
    began: int
    version: int = 0
    _attempts: dict[_Token, tuple[str, int]] = field(default_factory=dict)
    _due: dict[str, int] = field(default_factory=dict)

    def count(self, event: Any, version: int, metrics: Metrics) -> bool:
        """Add an event to `metrics`, unless it was counted before; return whether the run ended."""
        if version > self.version:
            self.version = version
            _COUNTED[type(event)](self, event, metrics)
        return type(event) in _STATUSES

    def request(self, event: RunRequested, metrics: Metrics) -> None:
        """Count the request of the run."""
        metrics.requested[*self.definition, event.trigger.kind] += 1
        if isinstance(event.trigger, BySchedule):
            metrics.schedule_lags.observe_ms(event.at - event.trigger.nominal_at)

    def begin_attempt(self, event: StepStarted, metrics: Metrics) -> None:
        """Begin an attempt; if a timer started it, observe the delay of the timer."""
        function = metrics.functions.bounded(event.function)
        self._attempts[event.step_id, event.visit, event.attempt] = (function, event.at)
        if event.cause == "retry":
            self._end_timer(event.step_id, event.at, metrics)

    def end_attempt(self, event: AttemptEnd, metrics: Metrics) -> None:
        """Count an attempt and its duration."""
        token = (event.step_id, event.visit, event.attempt)
        self._end_attempt(token, event.at, _OUTCOMES[type(event)], metrics)

    def back_off(self, event: RetryScheduled, metrics: Metrics) -> None:
        """Begin a backoff; if it follows a takeover, count the lost attempt."""
        self._due[event.step_id] = event.due_at
        if event.cause == "takeover":
            token = (event.step_id, event.visit, event.attempt - 1)
            self._end_attempt(token, event.at, LOST, metrics)

    def delay(self, event: DelayStarted, _metrics: Metrics) -> None:
        """Begin a delay."""
        self._due[event.step_id] = event.resume_at

    def set_timer(self, event: TimerSet, _metrics: Metrics) -> None:
        """Change the due time of a timer."""
        self._due[event.step_id] = event.due_at

    def hold_timer(self, event: TimerHeld, _metrics: Metrics) -> None:
        """Remove a timer, because the run is paused."""
        self._due.pop(event.step_id, None)

    def end_delay(self, event: DelayElapsed, metrics: Metrics) -> None:
        """End a delay, and observe how late it ended."""
        self._end_timer(event.step_id, event.at, metrics)

    def end(self, event: RunEnd, metrics: Metrics) -> None:
        """Count the run and its duration."""
        metrics.ended[*self.definition, _STATUSES[type(event)]] += 1
        metrics.run_times[self.definition].observe_ms(event.at - self.began)

    def reopen(self, event: RunReopened, _metrics: Metrics) -> None:
        """Measure the duration of the run from now on."""
        self.began = event.at

    def _end_timer(self, step_id: str, at: int, metrics: Metrics) -> None:
        due_at = self._due.pop(step_id, None)
        if due_at is not None:
            metrics.timer_lags.observe_ms(at - due_at)

    def _end_attempt(self, token: _Token, at: int, outcome: str, metrics: Metrics) -> None:
        began = self._attempts.pop(token, None)
        if began is not None:
            function, began_at = began
            metrics.attempts[function, outcome] += 1
            metrics.attempt_times[function,].observe_ms(at - began_at)


_COUNTED: Final[Mapping[type, Callable[[OpenRun, Any, Metrics], None]]] = {
    RunRequested: OpenRun.request,
    StepStarted: OpenRun.begin_attempt,
    StepSucceeded: OpenRun.end_attempt,
    StepFailed: OpenRun.end_attempt,
    StepTimedOut: OpenRun.end_attempt,
    StepCancelled: OpenRun.end_attempt,
    StepReleased: OpenRun.end_attempt,
    RetryScheduled: OpenRun.back_off,
    DelayStarted: OpenRun.delay,
    TimerSet: OpenRun.set_timer,
    TimerHeld: OpenRun.hold_timer,
    DelayElapsed: OpenRun.end_delay,
    RunCompleted: OpenRun.end,
    RunFailed: OpenRun.end,
    RunCancelled: OpenRun.end,
    RunReopened: OpenRun.reopen,
}
COUNTED_EVENTS: Final[frozenset[type]] = frozenset(_COUNTED)
"""The event classes that are counted."""
