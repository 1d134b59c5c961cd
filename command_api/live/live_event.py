"""One event of a run as subscribers see it: the run, its status then, and the step it is about."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import orjson

from baton.domain.frozen import frozen
from baton.domain.json import JsonObject
from baton.projector.views.run_steps.view import Status as StepStatus
from baton.projector.views.runs.view import Status as RunStatus


@frozen
class StepChange:
    """The step that an event is about, and the status of its attempt after the event."""

    step_id: str
    visit: int
    attempt: int
    status: StepStatus


class Shown(NamedTuple):
    """An event in the words of one rendering; `line` is its JSON with a line end."""

    status: str
    line: bytes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiveEvent:
    """One event of a run.

    Attributes:
        position: Its position in the log, by which a subscriber resumes.
        version: Its number in the run's history, from 1.
        type: The type of the event as exports and Kafka messages name it ("run.StepStarted").
        at: Its time in ms since the epoch, UTC.
        slug: The definition's slug, None if the definition is unknown.
        status: The run's status after the event.
        step: The step that the event is about, None for an event of the run itself.
    """

    position: int
    version: int
    type: str
    at: int
    tenant: str
    run_id: str
    definition_id: str
    slug: str | None
    status: RunStatus
    traceparent: str | None
    step: StepChange | None
    _shown: "dict[Render, Shown]" = field(default_factory=dict, init=False, repr=False)

    def shown(self, render: "Render") -> Shown:
        """Return the event as `render` shows it; it is encoded once for all subscribers."""
        found = self._shown.get(render)
        if found is None:
            members = render(self)
            line = orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE)
            found = self._shown[render] = Shown(str(members["status"]), line)
        return found


Render: TypeAlias = Callable[[LiveEvent], JsonObject]
"""Called once with each event; returns its members, among them the `status` to filter by."""
