"""A run of a test, with assertions that show the history when they fail."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn, Self

from baton.domain.json import Json
from baton.domain.nearest_name import did_you_mean
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.run_events import RunFailed
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayStarted,
    StepStarted,
    StepSucceeded,
    SyncReached,
)
from baton.domain.run.state import State
from baton.eventlog.events.envelope import Recorded
from baton.testing.golden import GoldenFiles, compare_golden
from baton.testing.history import render_history

_ENTERED: Final = (DecisionTaken, DelayStarted, SyncReached)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    """Why a run failed; `step` is None if the run failed outside of a step."""

    code: str
    message: str
    step: str | None = None


def branch_name(step: str, case: int | None, selected: str | None) -> str:
    """Return the name of a decision's branch; `case` is the index of the case, None for else."""
    which = "else" if case is None else f"case {case + 1}"
    return f"{step}: {which} to {selected or '$end'}"


class ObservedRun:
    """A run as of the last `wait` or `refresh` of the test.

    Assertions return the run, so that several can follow each other.

    Attributes:
        id: The id of the run.
        golden: The golden files of the test.
    """

    def __init__(self, run_id: str, golden: GoldenFiles | None) -> None:
        self.id = run_id
        self.golden = golden
        self._slug = ""
        self._defined: frozenset[str] = frozenset()
        self._history: Sequence[Recorded] = ()
        self._state: State = RUN.initial

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {self.status}>"

    @property
    def status(self) -> str:
        """`pending`, `running`, `paused`, `completed`, `failed` or `cancelled`."""
        return self._state.status

    @property
    def definition(self) -> str:
        """The slug of the run's definition."""
        return self._slug

    @property
    def requested_at(self) -> datetime:
        """The time of the request that started the run, in UTC."""
        return datetime.fromtimestamp(self._state.requested_at / 1_000, UTC)

    @property
    def input(self) -> Json:
        """The input of the run."""
        return self._state.input

    @property
    def context(self) -> Json:
        """The shared context of the run."""
        return self._state.context

    @property
    def error(self) -> RunError | None:
        """Why the run failed; None unless it did."""
        for one in reversed(self._events):
            if isinstance(one, RunFailed):
                error = one.error
                return RunError(code=error.code, message=error.message, step=one.step_id)
        return None

    @property
    def history(self) -> str:
        """The events of the run as text, one a line."""
        return render_history(self._history)

    @property
    def steps(self) -> list[str]:
        """The ids of the steps that ran, in order; each visit of a step counts."""
        found = []
        for one in self._events:
            first = isinstance(one, StepStarted) and one.attempt == 1 and one.cause == "start"
            if first or isinstance(one, _ENTERED):
                found.append(one.step_id)
        return found

    @property
    def branches(self) -> list[str]:
        """The branches that decisions took, in order, such as `check: case 1 to fulfill`."""
        return [
            branch_name(one.step_id, one.result.matched_case_index, one.result.selected)
            for one in self._events
            if isinstance(one, DecisionTaken)
        ]

    def output(self, step: str | None = None) -> Json:
        """Return the output of a step; by default of the step that finished last.

        Raises AssertionError for a step without an output.
        """
        name = self._last_step() if step is None else step
        found = self._state.outputs.get(name) if name is not None else None
        if not isinstance(found, dict):
            self._fail(f"step {name!r} has no output")
        return found["output"]

    def attempts(self, step: str) -> int:
        """Return how often a step was started, in all its visits.

        Raises AssertionError for a step that the definition doesn't have.
        """
        __tracebackhide__ = True
        self._must_have(step)
        return sum(isinstance(one, StepStarted) and one.step_id == step for one in self._events)

    def completed(self) -> Self:
        """Check that the run has completed."""
        __tracebackhide__ = True
        return self._has_status("completed")

    def failed(self, code: str | None = None, *, step: str | None = None) -> Self:
        """Check that the run has failed: with an error code, or at a step, if they are given."""
        __tracebackhide__ = True
        self._has_status("failed")
        error = self.error
        if code is not None and (error is None or error.code != code):
            self._fail(f"failed with {error.code if error else None}, not with {code}")
        if step is not None and (error is None or error.step != step):
            self._fail(f"failed at {error.step if error else None}, not at {step}")
        return self

    def cancelled(self) -> Self:
        """Check that the run was cancelled."""
        __tracebackhide__ = True
        return self._has_status("cancelled")

    def took(self, steps: Iterable[str]) -> Self:
        """Check that exactly these steps ran, in this order."""
        __tracebackhide__ = True
        if self.steps != list(steps):
            self._fail(f"took {self.steps}, not {list(steps)}")
        return self

    def never_ran(self, *steps: str) -> Self:
        """Check that the definition has these steps, and that none of them ran."""
        __tracebackhide__ = True
        self._must_have(*steps)
        if found := [step for step in steps if step in self.steps]:
            self._fail(f"ran {', '.join(found)}")
        return self

    def matches_golden(self, path: str | Path | None = None) -> Self:
        """Check that the history equals the one in a golden file.

        `pytest --baton-update` writes the file.

        Args:
            path: The file; by default one in `golden/` beside the test, which has its name.
        """
        __tracebackhide__ = True
        compare_golden(self.history, self.golden, path)
        return self

    def observe(self, other: "ObservedRun") -> Self:
        """Take over the history that another object has loaded of the same run."""
        self._slug, self._defined = other._slug, other._defined  # noqa: SLF001 - the same class
        self._history, self._state = other._history, other._state  # noqa: SLF001
        return self

    @property
    def _events(self) -> list[Any]:
        return [one.event for one in self._history]

    def _last_step(self) -> str | None:
        ended = [one.step_id for one in self._events if isinstance(one, StepSucceeded)]
        return ended[-1] if ended else None

    def _must_have(self, *steps: str) -> None:
        __tracebackhide__ = True
        for step in steps:
            if step not in self._defined:
                hint = did_you_mean(step, self._defined)
                self._fail(f"is of {self._slug!r}, which has no step {step!r}{hint}")

    def _has_status(self, wanted: str) -> Self:
        __tracebackhide__ = True
        if self.status != wanted:
            error = self.error
            why = f" ({error.code} at {error.step}: {error.message})" if error else ""
            self._fail(f"{self.status}{why}, not {wanted}")
        return self

    def _fail(self, problem: str) -> NoReturn:
        __tracebackhide__ = True
        raise AssertionError(f"run {self.id} {problem}\n{self.history}")
