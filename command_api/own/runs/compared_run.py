"""A run as its comparison with another one sees it, folded from its events as the views do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from baton.command_api.dialect.run_values import named
from baton.command_api.own.runs.render_step import render_step
from baton.domain.artifact import artifacts_in, with_values
from baton.domain.json import Json, JsonObject
from baton.eventlog.events.envelope import Recorded
from baton.projector.folding import fold_events
from baton.projector.views.run_steps.view import VIEW as RUN_STEPS
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import VIEW as RUNS
from baton.projector.views.runs.view import Document as Run

_OF_THE_RUN_ALONE: Final = (
    "executionId",
    "startedAt",
    "completedAt",
    "resumeAt",
    "resumedAt",
    "logsRef",
)
"""The members of a step that always differ: ids, times, and logs, which hold times."""


@dataclass(frozen=True, slots=True)
class ComparableRun:
    """A run and its history as of `position`, without what always differs: ids and times."""

    run: Run
    steps: Sequence[JsonObject]
    position: int

    @property
    def document(self) -> JsonObject:
        """The members that are compared."""
        run = self.run
        failure = None
        if run.failure_code is not None:
            failure = {"code": run.failure_code, "message": run.failure_message}
        return {
            "version": run.definition_version,
            "status": run.status,
            "failure": failure,
            "input": _with_names(run.input),
            "context": _with_names(run.context),
            "steps": self.steps,
        }

    @property
    def shown(self) -> JsonObject:
        """The run of this side."""
        return {"id": self.run.id, "position": self.position, "status": self.run.status}


def comparable(events: Sequence[Recorded]) -> ComparableRun:
    """Return the run after some of its events, from the first one on."""
    (run,) = fold_events(RUNS, events).values()
    steps = sorted(fold_events(RUN_STEPS, events).values(), key=lambda step: step.seq)
    return ComparableRun(run, [_comparable(step) for step in steps], events[-1].position)


def _comparable(step: Step) -> JsonObject:
    shown = render_step(step)
    return {
        name: _with_names(value) for name, value in shown.items() if name not in _OF_THE_RUN_ALONE
    }


def _with_names(value: Json) -> Json:
    """Return a value with the names of its artifacts instead of the artifacts."""
    return with_values(value, {one.sha256: named(one) for one in artifacts_in(value)})
