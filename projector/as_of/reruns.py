"""The view of reruns: which run each of them runs again, and since which position."""

from dataclasses import dataclass

from baton.domain.run.messages import RunBranched
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
    """A run that runs the run `source` again, since the event at `since`."""

    id: str
    source: str
    since: int


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Note the run that is run again."""
    event: RunBranched = recorded.event
    ident = key_of(recorded.stream)[1]
    return document or Document(id=ident, source=event.source, since=recorded.position)


def columns(document: Document) -> Values:
    """Return the run that is run again, and the beginning."""
    return (document.source, document.since)


VIEW = View(
    table=TABLE,
    document=Document,
    events=(RunBranched,),
    creates=created_by(RunBranched),
    evolve=evolve,
    columns=columns,
)
