"""The course of a run: its steps' visits in the order in which they began, with their results.

A recorded run and its replay have courses of the same form, so that they can be compared. A visit
that a retry of the run began again counts once, with its last result.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from baton.domain.conditions.evaluation import DecisionResult
from baton.domain.run.messages import Event
from baton.domain.run.messages.run_events import RunReopened
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    StepUndecided,
    SyncAwaited,
    SyncReached,
)

Place: TypeAlias = tuple[str, int]
"""A step id and its visit, from 1."""

OPEN: Final = "open"
"""The result of a visit without an end: it is running, or was cancelled with its run."""
WAITING: Final = "waiting"
"""The result of a visit of a delay without an end."""
END: Final = "end"
"""The result of a decision that ends the run."""

VisitEvent: TypeAlias = (
    StepStarted
    | DelayStarted
    | StepSkipped
    | DecisionTaken
    | SyncAwaited
    | SyncReached
    | StepUndecided
    | StepSucceeded
    | StepFailed
    | StepTimedOut
    | DelayElapsed
)
_RESULTS: Final[Mapping[type, str]] = {
    StepStarted: OPEN,
    DelayStarted: WAITING,
    StepSucceeded: "succeeded",
    StepSkipped: "skipped",
    DelayElapsed: "elapsed",
    SyncReached: "reached",
}
_ENTRIES = (
    *(StepStarted, DelayStarted, StepSkipped, DecisionTaken),
    *(SyncAwaited, SyncReached, StepUndecided),
)


class Course:
    """The visits of a run so far.

    - `results` maps each visit to its result: `succeeded`, `failed: CODE`, `skipped`, `elapsed`,
      `reached`, `open`, `waiting`, or, for a decision, the chosen step or `end`.
    - `decisions` holds the evaluations behind the choices.
    - `revisited` counts the visits that a retry of the run began again under another number.
    """

    __slots__ = ("_last", "_reopened", "_shift", "decisions", "results", "revisited")

    def __init__(self) -> None:
        self.results: dict[Place, str] = {}
        self.decisions: dict[Place, DecisionResult] = {}
        self.revisited = 0
        self._last: dict[str, int] = {}
        self._reopened: set[str] = set()
        self._shift: dict[str, int] = {}

    def apply(self, event: Event) -> Place | None:
        """Apply the next event; return its visit, None for an event about no visit."""
        if isinstance(event, RunReopened):
            self._reopen(event)
        if not isinstance(event, VisitEvent):
            return None
        place = self._place(event)
        result = _result(event)
        if result is not None:
            self.results[place] = result
        if isinstance(event, DecisionTaken):
            self.decisions[place] = event.result
        return place

    def newest(self, step_id: str) -> Place:
        """Return the newest visit of a step."""
        return step_id, self._last.get(step_id, 0) - self._shift.get(step_id, 0)

    def _reopen(self, event: RunReopened) -> None:
        self._reopened.update(event.steps)
        for step_id in event.steps:
            if (place := self.newest(step_id)) in self.results:
                self.results[place] = OPEN

    def _place(self, event: VisitEvent) -> Place:
        """Return the visit; a visit that was begun again keeps its first number."""
        step_id, visit = event.step_id, event.visit
        last = self._last.get(step_id, 0)
        if isinstance(event, _ENTRIES) and visit > last:
            if step_id in self._reopened and last:
                self._shift[step_id] = self._shift.get(step_id, 0) + visit - last
                self.revisited += 1
            self._last[step_id] = visit
        self._reopened.discard(step_id)
        return step_id, visit - self._shift.get(step_id, 0)


def _result(event: VisitEvent) -> str | None:
    """Return the result that an event gives its visit, None if it changes none."""
    match event:
        case DecisionTaken():
            return event.result.selected or END
        case StepUndecided():
            return f"failed: {event.error.code}"
        case StepFailed():
            return f"failed: {event.error.code}" if event.final else None
        case StepTimedOut():
            return "failed: TIMEOUT" if event.final else None
        case _:
            return _RESULTS.get(type(event))
