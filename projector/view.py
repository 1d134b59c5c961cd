"""The definition of a view: a table, its events, and the pure fold that makes its documents.

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
"""The end of a row's key, which follows that of the document, the row's content and its values."""


@lru_cache(maxsize=4_096)
def key_of(stream: str) -> Key:
    """Return tenant and id of a stream.

    Cached because every view asks for the key of every event, and a stream's events follow closely.
    """
    tenant, _, ident = stream.split("/", 2)
    return tenant, ident


def stream_keys(recorded: Recorded) -> tuple[Key, ...]:
    """Return tenant and id of the event's stream, which has one document."""
    return (key_of(recorded.stream),)


def created_by(*events: type) -> Callable[[Recorded], bool]:
    """Return a `View.creates` for documents that begin with an event of these classes alone."""
    return lambda recorded: isinstance(recorded.event, events)


def no_rows(document: object) -> Sequence[FurtherRow]:  # noqa: ARG001 - has the shape of View.take_rows
    """Return no rows: the document has its own row alone."""
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
        is_final: Returns True if no further event is expected, so that the document isn't cached.
            A further event is folded all the same.
        take_rows: Takes out of a document further rows that its fold has made since it was written;
            called before the document is written. Such a row never changes and isn't read again.
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
        keys: Returns the documents that an event changes, from the event alone; by default the one
            of its stream.
        creates: Returns True if a document of the event that isn't in memory can't exist yet, which
            spares reading it; False when in doubt.
        evolve: Folds one event into one document; None stands for no document, before or after.
            It depends on nothing else and never changes the event. It owns the document and may
            change it in place.
        following: Documents that are folded from those of this view.
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
        keys: Returns the documents that an event may change, from the view's document before it.
        changes: Returns whether the event changes them, from the view's document behind it.
        evolve: Folds one event into one document, from the view's document behind it.
    """

    keys: Callable[[D | None, Recorded], tuple[Key, ...]]
    changes: Callable[[D | None, Recorded], bool]
    evolve: Callable[[F | None, D, Recorded], F]


def tables_of(views: Iterable[View[Any]]) -> list[Table]:
    """Return the tables of views and of the documents that follow theirs."""
    return [one.table for view in views for one in (view, view.following) if one is not None]
