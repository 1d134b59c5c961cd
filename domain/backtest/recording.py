"""The recording of a run: the data of its events that a replay needs, collected in one pass."""

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from baton.domain.backtest.course import Course, Place
from baton.domain.frozen import frozen
from baton.domain.run.control.copied_steps import copied_before
from baton.domain.run.messages import Event
from baton.domain.run.messages.run_events import (
    RunBranched,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunReopened,
    RunRequested,
    RunResumed,
    RunStarted,
)
from baton.domain.run.messages.step_events import (
    DelayElapsed,
    StepCopied,
    StepFailed,
    StepSucceeded,
    StepTimedOut,
    StepUndecided,
)
from baton.domain.run.outcome import Failed, Outcome, Succeeded, TimedOut
from baton.domain.run.trigger import Branch, CopiedStep

Control: TypeAlias = Literal["start", "pause", "resume"]
LOOP_LIMIT: Final = "LOOP_LIMIT"


@frozen(kw_only=False)
class Elapsed:
    """The end of a delay, or the deadline of a synchronization point."""


Recorded: TypeAlias = Outcome | Elapsed
ELAPSED: Final = Elapsed()


class Recording:
    """A recorded run: its request, the outcomes of its visits and their order.

    `outcomes` maps a visit to its last outcome, with the number of the event that recorded it.
    `controls` are the starts, pauses and resumes, with the numbers of their events. `ended_as`
    describes the status of the run.
    """

    __slots__ = (
        "_branched",
        "_copied",
        "_number",
        "controls",
        "course",
        "ended_as",
        "limited",
        "outcomes",
        "request",
    )

    def __init__(self, request: RunRequested) -> None:
        self.request = request
        self.course = Course()
        self.outcomes: dict[Place, tuple[int, Recorded]] = {}
        self.controls: list[tuple[int, Control]] = []
        self.ended_as = "pending"
        self.limited = False
        self._branched: RunBranched | None = None
        self._copied: list[CopiedStep] = []
        self._number = 1

    @property
    def branch(self) -> Branch | None:
        """The outcomes that the run copied from its source; None unless it is a rerun."""
        branched = self._branched
        if branched is None:
            return None
        return Branch(
            source=branched.source,
            source_version=branched.source_version,
            position=branched.position,
            copied=tuple(self._copied),
            entry=branched.entry,
            reason=branched.reason,
        )

    def apply(self, event: Event) -> None:
        """Apply the next event of the run."""
        self._number += 1
        place = self.course.apply(event)
        if place is not None:
            self._outcome(place, event)
        elif isinstance(event, RunBranched):
            self._branched = event
        elif isinstance(event, StepCopied):
            self._copied.append(copied_before(event))
        else:
            self._status(event)

    def _outcome(self, place: Place, event: Event) -> None:
        outcome = _outcome_of(event)
        if outcome is not None:
            self.outcomes[place] = self._number, outcome

    def _status(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._control("start", "running")
            case RunPaused():
                self._control("pause", "paused")
            case RunResumed():
                self._control("resume", "running")
            case RunReopened():
                self._control("resume", "running")
                for step_id in event.steps:
                    self.outcomes.pop(self.course.newest(step_id), None)
            case RunCompleted() | RunFailed() | RunCancelled():
                self.ended_as = end_of(event)
                self.limited = isinstance(event, RunFailed) and event.error.code == LOOP_LIMIT
            case _:
                pass

    def _control(self, control: Control, status: str) -> None:
        self.controls.append((self._number, control))
        self.ended_as = status


def record(events: Iterable[Event]) -> Recording:
    """Return the recording of a run; raises TypeError if it doesn't begin with its request."""
    history = iter(events)
    request = next(history, None)
    if not isinstance(request, RunRequested):
        raise TypeError("The history of a run begins with its request")
    recording = Recording(request)
    for event in history:
        recording.apply(event)
    return recording


def end_of(event: RunCompleted | RunFailed | RunCancelled) -> str:
    """Describe the end of a run."""
    match event:
        case RunCompleted():
            return "completed with errors" if event.has_errors else "completed"
        case RunFailed():
            return f"failed: {event.error.code}"
        case RunCancelled():
            return "cancelled"


def _outcome_of(event: Event) -> Recorded | None:
    """Return the outcome of a visit that an event records; attempts before the last have none."""
    match event:
        case StepSucceeded():
            return Succeeded(
                output=event.output, context=event.context, warning=event.warning, size=event.size
            )
        case StepFailed(final=True):
            return Failed(error=event.error, retryable=False)
        case StepTimedOut(final=True):
            return TimedOut()
        case DelayElapsed() | StepUndecided(kind="sync"):
            return ELAPSED
        case _:
            return None
