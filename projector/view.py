"""The definition of a view: a table, its events, and the pure fold that makes its documents.

The views themselves are discovered in `baton.projector.views`, each exporting a `VIEW`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeAlias, TypeVar

from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Table

D = TypeVar("D")

Key: TypeAlias = tuple[str, str]
"""Tenant and key, which identify one document of a view."""

Values: TypeAlias = tuple[str | int | None, ...]
"""The values of a document's columns, in the order of its table."""


FurtherRow: TypeAlias = tuple[str, bytes, Values]
"""The end of a row's key, which follows that of the document, the row's content and its values."""


def no_rows(document: object) -> Sequence[FurtherRow]:  # noqa: ARG001 - has the shape of View.take_rows
    """Return no rows: the document has its own row alone."""
    return ()


def never_final(document: object) -> bool:  # noqa: ARG001 - has the shape of View.is_final
    """Return False for every document: further events are always possible."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class View(Generic[D]):
    """A read model: documents of class `document` in `table`, folded from `events`.

    All callbacks are pure functions that the projector and a rebuild call.

    Attributes:
        keys: Returns the documents that an event changes, from the event alone.
        creates: Returns True if a document of the event that isn't in memory can't exist yet, which
            spares reading it; False when in doubt.
        evolve: Folds one event into one document; None stands for no document, before or after.
            It depends on nothing else and never changes the event. It owns the document and may
            change it in place.
        columns: Returns the values of the table's columns.
        is_final: Returns True if no further event is expected, so that the document isn't cached.
            A further event is folded all the same.
        take_rows: Takes out of a document further rows that its fold has made since it was written;
            called before the document is written. Such a row never changes and isn't read again.
    """

    table: Table
    document: type[D]
    events: tuple[type, ...]
    keys: Callable[[Recorded], tuple[Key, ...]]
    creates: Callable[[Recorded], bool]
    evolve: Callable[[D | None, Recorded], D | None]
    columns: Callable[[D], Values]
    is_final: Callable[[D], bool] = never_final
    take_rows: Callable[[D], Sequence[FurtherRow]] = no_rows

    @property
    def name(self) -> str:
        """The name of the view's table."""
        return self.table.name


@lru_cache(maxsize=4_096)
def key_of(stream: str) -> Key:
    """Return tenant and id of a stream.

    Cached because every view asks for the key of every event, and a stream's events follow closely.
    """
    tenant, _, ident = stream.split("/", 2)
    return tenant, ident
