"""Folds events into the documents of a view, in memory."""

from collections.abc import Iterable
from typing import TypeVar

from baton.eventlog.events.envelope import Recorded
from baton.projector.view import Key, View

D = TypeVar("D")


def fold_event(documents: dict[Key, D], view: View[D], recorded: Recorded) -> tuple[Key, ...]:
    """Fold an event into `documents` and return the keys of the documents that it may change.

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
    """Return the documents of complete streams; `events` begin with the first event of each."""
    documents: dict[Key, D] = {}
    for recorded in events:
        fold_event(documents, view, recorded)
    return documents
