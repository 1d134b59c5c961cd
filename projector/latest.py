"""Reads a whole view as of the newest event, even if the projector is behind or doesn't run.

The command line uses it beside running services and without them.
"""

from typing import Any, Final, TypeVar

from baton.eventlog.errors import Unavailable
from baton.eventlog.events.codec import decode_document
from baton.eventlog.ports.stores import EventStore
from baton.eventlog.ports.views import ViewStore
from baton.projector.folding import fold_event
from baton.projector.view import Key, View
from baton.projector.views import every_view

D = TypeVar("D")

PAGE: Final = 1_000


async def latest_documents(events: EventStore, views: ViewStore, view: View[D]) -> list[D]:
    """Return all documents of `view` as of the newest event, ordered by tenant and key.

    The events after the checkpoint of the stored views are folded into the stored documents, in
    memory. Without stored views, all events are folded. The view's `evolve` must be idempotent,
    because a stored document may include some of these events. Raises `Unavailable`.

    Args:
        events: All events.
        views: The stored views, opened read-only.
        view: The view to read.
    """
    position, found = await _stored(views, view)
    while page := await events.read_all(after=position, limit=PAGE):
        for recorded in page:
            fold_event(found, view, recorded)
        position = page[-1].position
    return [document for _, document in sorted(found.items(), key=_key)]


async def _stored(views: ViewStore, view: View[D]) -> tuple[int, dict[Key, D]]:
    """Return the checkpoint and the stored documents; (0, no documents) without stored views."""
    try:
        await views.prepare([one.table for one in every_view()])
    except Unavailable:
        return 0, {}
    position, found = await views.checkpoint(), dict[Key, D]()
    after: Key | None = None
    while rows := await views.scan(view.name, after=after):
        for row in rows:
            found[row.tenant, row.key] = decode_document(view.document, row.document)
        after = (rows[-1].tenant, rows[-1].key)
    return position, found


def _key(entry: tuple[Key, Any]) -> Key:
    return entry[0]
