"""The times of one open run: when it and its attempts began, and when its timers are due."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from baton.domain.run import messages as run
from baton.domain.run.trigger import BySchedule
from baton.projector.run_metrics.figures import Figures

_Token: TypeAlias = tuple[str, int, int]
"""Step id, visit and attempt."""
_OUTCOMES: Final[Mapping[type, str]] = {
    run.StepSucceeded: "succeeded",
    run.StepFailed: "failed",
    run.StepTimedOut: "timed_out",
    run.StepCancelled: "cancelled",
    run.StepReleased: "released",
}
_STATUSES: Final[Mapping[type, str]] = {
    run.RunCompleted: "completed",
    run.RunFailed: "failed",
    run.RunCancelled: "cancelled",
}
LOST: Final = "lost"
"""The outcome of an attempt that was lost with its executor."""


@dataclass(slots=True)
class OpenRun:
    """A run that hasn't ended, of a definition (tenant and slug).

    `version` is that of its newest event that was counted.
    """

    definition: tuple[str, str]
    began: int
    version: int = 0
    _attempts: dict[_Token, tuple[str, int]] = field(default_factory=dict)
    _due: dict[str, int] = field(default_factory=dict)

    def count(self, event: Any, version: int, figures: Figures) -> bool:
        """Add an event to `figures`, unless it was added before; return whether the run is over."""
        if version > self.version:
            self.version = version
            _COUNTED[type(event)](self, event, figures)
        return type(event) in _STATUSES

    def request(self, event: run.RunRequested, figures: Figures) -> None:
        """Count the request of the run."""
        figures.requested[*self.definition, event.trigger.kind] += 1
        if isinstance(event.trigger, BySchedule):
            figures.schedule_lags.observe_ms(event.at - event.trigger.nominal_at)

    def begin_attempt(self, event: run.StepStarted, figures: Figures) -> None:
        """Begin an attempt; one that a timer started shows how late that was."""
        function = figures.functions.bounded(event.function)
        self._attempts[event.step_id, event.visit, event.attempt] = (function, event.at)
        if event.cause == "retry":
            self._end_timer(event.step_id, event.at, figures)

    def end_attempt(self, event: run.AttemptEnd, figures: Figures) -> None:
        """Count an attempt and its duration."""
        token = (event.step_id, event.visit, event.attempt)
        self._end_attempt(token, event.at, _OUTCOMES[type(event)], figures)

    def back_off(self, event: run.RetryScheduled, figures: Figures) -> None:
        """Begin a backoff; count the attempt that was lost before it."""
        self._due[event.step_id] = event.due_at
        if event.cause == "takeover":
            token = (event.step_id, event.visit, event.attempt - 1)
            self._end_attempt(token, event.at, LOST, figures)

    def delay(self, event: run.DelayStarted, _figures: Figures) -> None:
        """Begin a delay."""
        self._due[event.step_id] = event.resume_at

    def set_timer(self, event: run.TimerSet, _figures: Figures) -> None:
        """Give a timer another due time."""
        self._due[event.step_id] = event.due_at

    def hold_timer(self, event: run.TimerHeld, _figures: Figures) -> None:
        """Forget a timer that a pause holds."""
        self._due.pop(event.step_id, None)

    def end_delay(self, event: run.DelayElapsed, figures: Figures) -> None:
        """Count how late a delay ended."""
        self._end_timer(event.step_id, event.at, figures)

    def end(self, event: run.RunEnd, figures: Figures) -> None:
        """Count the run and its duration."""
        figures.ended[*self.definition, _STATUSES[type(event)]] += 1
        figures.run_times[self.definition].observe_ms(event.at - self.began)

    def reopen(self, event: run.RunReopened, _figures: Figures) -> None:
        """Begin the duration of the run again."""
        self.began = event.at

    def _end_timer(self, step_id: str, at: int, figures: Figures) -> None:
        due_at = self._due.pop(step_id, None)
        if due_at is not None:
            figures.timer_lags.observe_ms(at - due_at)

    def _end_attempt(self, token: _Token, at: int, outcome: str, figures: Figures) -> None:
        began = self._attempts.pop(token, None)
        if began is not None:
            function, began_at = began
            figures.attempts[function, outcome] += 1
            figures.attempt_times[function,].observe_ms(at - began_at)


_COUNTED: Final[Mapping[type, Callable[[OpenRun, Any, Figures], None]]] = {
    run.RunRequested: OpenRun.request,
    run.StepStarted: OpenRun.begin_attempt,
    run.StepSucceeded: OpenRun.end_attempt,
    run.StepFailed: OpenRun.end_attempt,
    run.StepTimedOut: OpenRun.end_attempt,
    run.StepCancelled: OpenRun.end_attempt,
    run.StepReleased: OpenRun.end_attempt,
    run.RetryScheduled: OpenRun.back_off,
    run.DelayStarted: OpenRun.delay,
    run.TimerSet: OpenRun.set_timer,
    run.TimerHeld: OpenRun.hold_timer,
    run.DelayElapsed: OpenRun.end_delay,
    run.RunCompleted: OpenRun.end,
    run.RunFailed: OpenRun.end,
    run.RunCancelled: OpenRun.end,
    run.RunReopened: OpenRun.reopen,
}
COUNTED_EVENTS: Final[frozenset[type]] = frozenset(_COUNTED)
"""Event classes of runs that figures are made of."""
