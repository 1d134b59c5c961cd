"""The declaration of a view: a table, its events, and the pure fold that makes its documents.

The views themselves are discovered in `baton.projector.views`, each exporting a `VIEW`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeAlias, TypeVar

from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Table

D = TypeVar("D")
F = TypeVar("F")

Key: TypeAlias = tuple[str, str]
"""Tenant and key, which identify one document of a view."""

Values: TypeAlias = tuple[str | int | None, ...]
"""The values of a document's columns, in the order of its table."""


FurtherRow: TypeAlias = tuple[str, bytes, Values]
"""A further row of a document: the suffix of its key, its content, and the values of its columns.
"""


@lru_cache(maxsize=4_096)
def key_of(stream: str) -> Key:
    """Return tenant and id of a stream.

    The result is cached, because every view needs the key of every event.
    """
    tenant, _, ident = stream.split("/", 2)
    return tenant, ident


def stream_keys(recorded: Recorded) -> tuple[Key, ...]:
    """Return the key of the only document of the event's stream: its tenant and id."""
    return (key_of(recorded.stream),)


def created_by(*events: type) -> Callable[[Recorded], bool]:
    """Return a `View.creates` for documents that only events of these classes create."""
    return lambda recorded: isinstance(recorded.event, events)


def no_rows(document: object) -> Sequence[FurtherRow]:  # noqa: ARG001 - has the shape of View.take_rows
    """Return no rows: each document has one row."""
    return ()


def never_final(document: object) -> bool:  # noqa: ARG001 - has the shape of View.is_final
    """Return False for every document: further events are always possible."""
    return False


def no_values(document: object) -> Values:  # noqa: ARG001 - has the shape of Documents.columns
    """Return the values of a table without columns."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents(Generic[D]):
    """The documents of class `document` in `table`.

    Attributes:
        columns: Returns the values of the table's columns.
        is_final: Returns True if no further event is expected; such a document isn't cached. An
            event that follows nevertheless is folded as usual.
        take_rows: Called before a document is written. It removes the further rows that the fold
            has made from the document, and returns them. Such a row never changes.
    """

    table: Table
    document: type[D]
    columns: Callable[[D], Values] = no_values
    is_final: Callable[[D], bool] = never_final
    take_rows: Callable[[D], Sequence[FurtherRow]] = no_rows

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.table.name


@dataclass(frozen=True, slots=True, kw_only=True)
class View(Documents[D]):
    """A read model: documents folded from `events`.

    All callbacks are pure functions that the projector and a rebuild call.

    Attributes:
        keys: Returns the keys of the documents that an event changes; default: one per stream.
        creates: Returns True if a document of the event can't exist before it, so that it needn't
            be read; False when in doubt.
        evolve: Folds one event into one document, and returns the document; None means that there
            is no document. It may change the document in place, but never the event.
        following: Documents that are folded from the documents of this view.
    """

    events: tuple[type, ...]
    keys: Callable[[Recorded], tuple[Key, ...]] = stream_keys
    creates: Callable[[Recorded], bool]
    evolve: Callable[[D | None, Recorded], D | None]
    following: "Following[D, Any] | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Following(Documents[F], Generic[D, F]):
    """Documents that are folded from the documents of a view.

    Attributes:
        keys: Called with the view's document before the event, and the event; returns the keys of
            the documents that the event may change.
        changes: Called with the view's document after the event, and the event; returns whether the
            event changes the documents.
        evolve: Called with a document, the view's document after the event, and the event; returns
            the changed document.
    """

    keys: Callable[[D | None, Recorded], tuple[Key, ...]]
    changes: Callable[[D | None, Recorded], bool]
    evolve: Callable[[F | None, D, Recorded], F]


def tables_of(views: Iterable[View[Any]]) -> list[Table]:
    """Return the tables of views, and of the documents that follow them."""
    return [one.table for view in views for one in (view, view.following) if one is not None]
