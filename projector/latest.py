"""Reads a whole view as of the newest event, wherever the projector stands.

For verbs that run beside the services, or while none runs.
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
    """Return the documents of `view` after every event, ordered by tenant and key.

    The stored documents are read, and the events behind their checkpoint are folded into them in
    memory; without stored views all events are. Folding an event that a stored document holds
    already must not change it. Raises `Unavailable`.

    Args:
        events: The events.
        views: The stored views, opened for reading only.
        view: The view.
    """
    position, found = await _stored(views, view)
    while page := await events.read_all(after=position, limit=PAGE):
        for recorded in page:
            fold_event(found, view, recorded)
        position = page[-1].position
    return [document for _, document in sorted(found.items(), key=_key)]


async def _stored(views: ViewStore, view: View[D]) -> tuple[int, dict[Key, D]]:
    """Return the checkpoint and the stored documents; none where no projector made the views."""
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
