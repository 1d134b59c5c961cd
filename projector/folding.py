"""Folds events into documents of a view that are in memory."""

from collections.abc import Iterable
from typing import TypeVar

from baton.eventlog.events.envelope import Recorded
from baton.projector.view import Key, View

D = TypeVar("D")


def fold_event(documents: dict[Key, D], view: View[D], recorded: Recorded) -> tuple[Key, ...]:
    """Fold an event into those of `documents` that it changes; return their keys.

    A document that the event deletes is removed.
    """
    if not isinstance(recorded.event, view.events):
        return ()
    keys = view.keys(recorded)
    for key in keys:
        document = view.evolve(documents.get(key), recorded)
        if document is None:
            documents.pop(key, None)
        else:
            documents[key] = document
    return keys


def fold_events(view: View[D], events: Iterable[Recorded]) -> dict[Key, D]:
    """Return the documents that events make, from the first event of their streams on."""
    documents: dict[Key, D] = {}
    for recorded in events:
        fold_event(documents, view, recorded)
    return documents
