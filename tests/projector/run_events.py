"""Events of a run, and the documents that a view folds from them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from baton.domain.run.messages.run_events import RunRequested, RunStarted
from baton.domain.run.messages.step_events import Cause, StepStarted, StepSucceeded
from baton.domain.run.trigger import BY_HAND
from baton.eventlog.events.envelope import Recorded
from baton.projector.view import View
from tests.kit.actors import ANN

RUN = "r" * 20
STREAM = f"acme/run/{RUN}"


def requested(**more: Any) -> RunRequested:
    members: dict[str, Any] = {
        "tenant": "acme",
        "run_id": RUN,
        "definition_id": "d1",
        "version": 2,
        "trigger": BY_HAND,
        "actor": ANN,
        "at": 10,
    }
    return RunRequested(**members | more)


def started(step: str, attempt: int = 1, cause: Cause = "start", at: int = 30) -> StepStarted:
    return StepStarted(
        step_id=step,
        visit=1,
        attempt=attempt,
        at=at,
        function="noop",
        deadline_at=at + 1_000,
        cause=cause,
    )


def succeeded(step: str, attempt: int = 1, at: int = 40, **more: Any) -> StepSucceeded:
    return StepSucceeded(step_id=step, visit=1, attempt=attempt, at=at, **more)


BEGUN = (requested(), RunStarted(at=20))


@dataclass
class ViewFold:
    """The documents of one view, by key, after the events of one stream."""

    view: View[Any]
    documents: dict[tuple[str, str], Any] = field(default_factory=dict)

    def after(self, events: Sequence[object], stream: str = STREAM) -> "ViewFold":
        for version, event in enumerate(events, start=1):
            if isinstance(event, self.view.events):
                self._fold(Recorded(version * 10, stream, version, event))
        return self

    def _fold(self, recorded: Recorded) -> None:
        for key in self.view.keys(recorded):
            document = self.view.evolve(self.documents.get(key), recorded)
            if document is None:
                self.documents.pop(key, None)
            else:
                self.documents[key] = document

    @property
    def only(self) -> Any:
        """The only document."""
        (document,) = self.documents.values()
        return document

    @property
    def listed(self) -> list[Any]:
        """All documents, in the order of their creation."""
        return list(self.documents.values())
