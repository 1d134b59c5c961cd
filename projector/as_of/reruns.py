"""The view of reruns: the source run of each, and the position at which it began."""

from dataclasses import dataclass

from baton.domain.run.messages.run_events import RunBranched
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Values, View, created_by, key_of

TABLE = Table(
    name="reruns",
    columns=(Column(name="source", kind="text"), Column(name="from_position", kind="int")),
    indexes=(Index(columns=("source", "from_position")),),
)


@dataclass(slots=True, kw_only=True)
class Document:
    """A rerun of the run `source`, which began with the event at position `since`."""

    id: str
    source: str
    since: int


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold the beginning of a rerun."""
    event: RunBranched = recorded.event
    ident = key_of(recorded.stream)[1]
    return document or Document(id=ident, source=event.source, since=recorded.position)


def columns(document: Document) -> Values:
    """Return the values of the table's columns."""
    return (document.source, document.since)


VIEW = View(
    table=TABLE,
    document=Document,
    events=(RunBranched,),
    creates=created_by(RunBranched),
    evolve=evolve,
    columns=columns,
)
