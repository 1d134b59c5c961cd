"""Definitions with all their versions; deleted ones stay readable."""

from typing import Final, TypeAlias, get_args

from baton.domain.definition.body_triggers import event_types_of, webhooks_of
from baton.domain.definition.messages import DefinitionCreated, Event
from baton.domain.definition.state import State
from baton.domain.definition.state import evolve as evolve_state
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Values, View, created_by

Document: TypeAlias = State

SEVERAL_TYPES: Final = "*"
"""The value of the column `event_type` for a definition with several event types."""

TABLE = Table(
    name="definitions",
    columns=(
        Column(name="slug", kind="text"),
        Column(name="status", kind="text"),
        Column(name="deleted", kind="int"),
        Column(name="event_type", kind="text"),
        # Unused, because claims find webhook paths. To be removed with the next change of the
        # table, because every change makes all installations rebuild the view.
        Column(name="path", kind="text"),
        Column(name="name", kind="text"),
        Column(name="created_at", kind="int"),
        Column(name="updated_at", kind="int"),
    ),
    indexes=(
        Index(columns=("deleted", "slug")),
        Index(columns=("event_type",), where_set="event_type"),
        Index(columns=("path",), where_set="path"),
        Index(columns=("deleted", "created_at", "key")),
    ),
)


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold the event as the domain does."""
    event: Event = recorded.event
    if document is None and not isinstance(event, DefinitionCreated):
        return None
    return evolve_state(document or Document(), event)


def columns(document: Document) -> Values:
    """Return the values of the table's columns, from the version in force."""
    body = document.body
    types, webhooks = event_types_of(body), webhooks_of(body)
    event_type = next(iter(types), None)
    return (
        document.slug,
        body.status,
        int(document.deleted),
        SEVERAL_TYPES if len(types) > 1 else event_type,
        webhooks[0].path if webhooks else None,
        body.name,
        document.created_at,
        document.updated_at,
    )


VIEW = View(
    table=TABLE,
    document=Document,
    events=get_args(Event),
    creates=created_by(DefinitionCreated),
    evolve=evolve,
    columns=columns,
)
