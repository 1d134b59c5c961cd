"""What a view is: a table, the events it is made of and the pure fold that makes its documents.

Views are found in `baton.projector.views`, each exporting a `VIEW`; nothing here knows one of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Table

D = TypeVar("D")

Key: TypeAlias = tuple[str, str]
"""Tenant and key: names one document of a view."""

Values: TypeAlias = tuple[str | int | None, ...]
"""What a document is found by, in the order of its table's columns."""


def never_final(document: object) -> bool:  # noqa: ARG001 - has the shape of View.is_final
    """Say of every document that events may still change it."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class View(Generic[D]):
    """A read model: documents of class `document` in `table`, folded from `events`.

    - `keys` names the documents that an event changes. It looks at the event alone.
    - `creates` says whether a document that isn't at hand when the event comes can't exist yet,
      which spares the look-up; False when in doubt.
    - `evolve` folds one event into one document; None means that there is none, before or after.
      It looks at nothing else, never changes the event, and owns the document it is given: it may
      change that in place.
    - `columns` gives the values of the table's columns.
    - `is_final` says that no event is expected any more, so that the document needn't be kept at
      hand; one that comes all the same is folded in.
    """

    table: Table
    document: type[D]
    events: tuple[type, ...]
    keys: Callable[[Recorded], tuple[Key, ...]]
    creates: Callable[[Recorded], bool]
    evolve: Callable[[D | None, Recorded], D | None]
    columns: Callable[[D], Values]
    is_final: Callable[[D], bool] = never_final

    @property
    def name(self) -> str:
        """The name of its table."""
        return self.table.name


def key_of(recorded: Recorded) -> Key:
    """Return tenant and id of the stream that the event belongs to."""
    tenant, _, ident = recorded.stream.split("/", 2)
    return tenant, ident
