"""Replays a run with a changed definition: the rules of live runs, with recorded outcomes.

Outcomes are reported in the recorded order. A delay without a recording ends at once, and a
recorded pause holds back the same outcomes. Only this order drives the replay, so it needs no
clock.
"""

from dataclasses import replace
from heapq import heapify, heappop, heappush
from typing import Final

from baton.domain.artifact import Values
from baton.domain.backtest.candidate import Candidate
from baton.domain.backtest.course import OPEN, WAITING, Course, Place
from baton.domain.backtest.recording import ELAPSED, Control, Elapsed, Recorded, Recording, end_of
from baton.domain.definition.graph import Compute, Delay, Step, Sync
from baton.domain.run.decisions import decide_and_evolve
from baton.domain.run.messages import Command
from baton.domain.run.messages.commands import (
    FireTimer,
    PauseRun,
    ReportOutcome,
    RequestRun,
    ResumeRun,
    StartRun,
)
from baton.domain.run.messages.run_events import RunCancelled, RunCompleted, RunFailed, RunRequested
from baton.domain.run.messages.step_events import DelayStarted, StepStarted, SyncAwaited
from baton.domain.run.outcome import Succeeded, Token
from baton.domain.run.state import NOT_REQUESTED, State
from baton.domain.run.trigger import Branch

_AT_ONCE: Final = 0
"""The number of an outcome without a recorded event; recorded events are numbered from 1."""
_BEGIN: Final = 0
"""The time of every decision except the firing of a timer, which happens at the timer's due time.
"""
_NO_LIMIT: Final = 0

_Due = tuple[int, str, int, "Recorded | Control"]
"""The number of an event, a step id with its visit (or "" and 0), and the outcome or control."""


class NotComparable(Exception):
    """The recording of a run can't be compared with the candidate; the text says why."""


class Replay:
    """The replay of one recorded run.

    `course` has the visits under the candidate's step ids. `missing` are the visits whose outcome
    neither the recording nor a stub gives. `ended_as` describes the end of the run, None while it
    has none.
    """

    __slots__ = (
        "_candidate",
        "_due",
        "_held",
        "_recording",
        "_state",
        "_values",
        "course",
        "ended_as",
        "missing",
    )

    def __init__(self, recording: Recording, candidate: Candidate, values: Values) -> None:
        self.course = Course()
        self.ended_as: str | None = None
        self._recording = recording
        self._candidate = candidate
        self._values = values
        self._state: State = NOT_REQUESTED
        self._due: list[_Due] = [(number, "", 0, control) for number, control in recording.controls]
        self._held: list[_Due] = []
        self.missing: list[Place] = []
        heapify(self._due)

    @property
    def unknown(self) -> Place | None:
        """The first visit without an outcome; None if the run has ended without it."""
        return None if self._state.final or not self.missing else self.missing[0]

    def run(self) -> None:
        """Replay the run; raises ValuesNeeded and NotComparable."""
        request = self._recording.request
        self._decide(self._request(request))
        while self._due and not self._state.final:
            due = heappop(self._due)
            _, step_id, visit, recorded = due
            if isinstance(recorded, str):
                self._control(recorded, request)
            elif self._state.hold is not None and isinstance(recorded, Elapsed):
                self._held.append(due)
            else:
                self._arrive((step_id, visit), recorded)

    def _request(self, request: RunRequested) -> RequestRun:
        return RequestRun(
            run_id=request.run_id,
            definition=self._candidate.definition,
            trigger=request.trigger,
            actor=request.actor,
            at=_BEGIN,
            input=request.input,
            context=request.context,
            size=request.size,
            branch=self._branch(),
        )

    def _branch(self) -> Branch | None:
        """Return the outcomes that the run copied from its source, by the candidate's step ids."""
        branch = self._recording.branch
        if branch is None:
            return None
        names = {self._candidate.recorded_id(of): of for of in self._candidate.graph.by_id}
        if branch.entry is not None and branch.entry not in names:
            message = f"it is a rerun from step '{branch.entry}', which the definition lacks"
            raise NotComparable(message)
        copied = tuple(
            replace(copied, step_id=names[copied.step_id])
            for copied in branch.copied
            if copied.step_id in names
        )
        entry = None if branch.entry is None else names[branch.entry]
        return Branch(
            source=branch.source,
            source_version=branch.source_version,
            position=branch.position,
            copied=copied,
            entry=entry,
        )

    def _control(self, control: Control, request: RunRequested) -> None:
        graph, values, held = self._candidate.graph, self._values, self._state.hold is not None
        if control == "start":
            self._decide(StartRun(graph=graph, at=_BEGIN, values=values))
        elif control == "pause":
            self._decide(PauseRun(actor=request.actor, at=_BEGIN))
        elif held:
            before = _BEGIN - 1  # no timer is due by then, so that each fires in the recorded order
            resume = ResumeRun(graph=graph, actor=request.actor, at=before, values=values)
            self._decide(resume)
            for due in self._held:
                heappush(self._due, due)
            self._held.clear()

    def _arrive(self, place: Place, recorded: Recorded) -> None:
        """Report an outcome or fire a timer; does nothing if the visit doesn't wait for it."""
        step_id, visit = place
        step = self._state.steps[step_id]
        token = Token(step_id, visit, step.attempt)
        graph, values = self._candidate.graph, self._values
        if step.visit != visit or not (step.open or step.awaited):
            return
        if isinstance(recorded, Elapsed):
            at = step.due_at
            self._decide(FireTimer(token=token, graph=graph, at=at, values=values))
        else:
            self._decide(
                ReportOutcome(
                    token=token,
                    outcome=recorded,
                    graph=graph,
                    at=_BEGIN,
                    max_run_bytes=_NO_LIMIT,
                    values=values,
                )
            )

    def _decide(self, command: Command) -> None:
        events, self._state = decide_and_evolve(command, self._state)
        for event in events:
            self.course.apply(event)
            match event:
                case StepStarted() | DelayStarted() | SyncAwaited():
                    self._expect((event.step_id, event.visit))
                case RunCompleted() | RunFailed() | RunCancelled():
                    self.ended_as = end_of(event)
                case _:
                    pass

    def _expect(self, place: Place) -> None:
        """Queue the outcome of a new visit at its place in the recorded order."""
        step_id, visit = place
        step = self._candidate.graph.by_id[step_id]
        recorded = self._candidate.recorded_id(step_id), visit
        number, outcome = self._recording.outcomes.get(recorded, (_AT_ONCE, None))
        if outcome is not None and isinstance(outcome, Elapsed) != isinstance(step, Compute):
            heappush(self._due, (number, step_id, visit, outcome))
        elif not isinstance(step, Sync) and not self._waits_as_recorded(step, recorded):
            self._substitute(place, step)

    def _waits_as_recorded(self, step: Step, recorded: Place) -> bool:
        """Return whether the recorded visit is unfinished, too."""
        unended = WAITING if isinstance(step, Delay) else OPEN
        return self._recording.course.results.get(recorded) == unended

    def _substitute(self, place: Place, step: Step) -> None:
        """Queue the end of a visit without a recorded outcome: of a delay, or by a stub."""
        if isinstance(step, Delay):
            heappush(self._due, (_AT_ONCE, *place, ELAPSED))
        elif step.id in self._candidate.stubs:
            stub = Succeeded(output=self._candidate.stubs[step.id])
            heappush(self._due, (_AT_ONCE, *place, stub))
        else:
            self.missing.append(place)
