"""The view of all definitions and separate schedules, including deleted ones."""

from dataclasses import dataclass
from typing import Literal

from baton.domain.definition.messages import DefinitionCreated
from baton.domain.schedule.messages import ScheduleCreated
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Table
from baton.projector.view import Values, View, created_by, key_of

Kind = Literal["definition", "schedule"]

TABLE = Table(
    name="kept_streams",
    columns=(Column(name="kind", kind="text"), Column(name="from_position", kind="int")),
)


@dataclass(slots=True, kw_only=True)
class Document:
    """A definition or a separate schedule; `since` is the position of its first event."""

    id: str
    kind: Kind
    since: int


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold the creation."""
    if document is not None:
        return document
    kind: Kind = "definition" if isinstance(recorded.event, DefinitionCreated) else "schedule"
    return Document(id=key_of(recorded.stream)[1], kind=kind, since=recorded.position)


def columns(document: Document) -> Values:
    """Return the values of the table's columns."""
    return (document.kind, document.since)


VIEW = View(
    table=TABLE,
    document=Document,
    events=(DefinitionCreated, ScheduleCreated),
    creates=created_by(DefinitionCreated, ScheduleCreated),
    evolve=evolve,
    columns=columns,
)
