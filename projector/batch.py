"""Events in, changed documents out: what following the log and rebuilding have in common.

A fold waits for nothing: it stops where it needs documents that aren't at hand, and goes on when
they were read.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from baton.eventlog.events.codec import decode_document, encode_document
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Change, Row, ViewStore
from baton.projector.document_cache import DocumentCache, Entry
from baton.projector.view import Key, View

Touched: TypeAlias = tuple[Callable[[Any, Recorded], Any], Entry]
"""A document that an event changes, and how."""


class Batch:
    """Folds events into the documents of every view, each of which is written once per take.

    `position` is where the fold stands; events up to it are passed over. `pending` counts the
    events that were folded since the last `take`.
    """

    def __init__(self, views: Sequence[View[Any]], *, position: int) -> None:
        self.position = position
        self.pending = 0
        self._broken: Exception | None = None
        self._tables = {view.name: _Table(view) for view in views}
        by_event: dict[type, list[_Table]] = defaultdict(list)
        for table in self._tables.values():
            for cls in table.view.events:
                by_event[cls].append(table)
        self._by_event = dict(by_event)

    def fold(self, events: Sequence[Recorded]) -> int:
        """Fold as many of `events` as there are documents for; return how many that were.

        When all were, what was supplied for them is let go of. After an event that can't be folded
        nothing is given out any more: some documents may hold a part of it.
        """
        if self._broken is not None:
            raise self._broken
        try:
            return self._fold(events)
        except Exception as error:
            self._broken = error
            raise

    def missing(self, events: Sequence[Recorded]) -> dict[str, list[Key]]:
        """Return which documents of which views `events` may need beyond those at hand."""
        found: dict[str, list[Key]] = {}
        for name, table in self._tables.items():
            keys = {
                key
                for recorded in events
                if table in self._by_event.get(type(recorded.event), ())
                for key in table.missing(recorded)
            }
            if keys:
                found[name] = sorted(keys)
        return found

    def supply(self, name: str, keys: Sequence[Key], found: Mapping[Key, bytes]) -> None:
        """Put at hand what reading `keys` of a view gave; what is not in `found` doesn't exist."""
        self._tables[name].supply(keys, found)

    def take(self) -> list[Change]:
        """Return what changed since the last call, as rows to commit for `position`.

        The documents stay at hand until `committed` is called, for a look-up meanwhile would still
        find the rows before the change.
        """
        if self._broken is not None:
            raise self._broken
        self.pending = 0
        changes = [table.take() for table in self._tables.values()]
        return [change for change in changes if change.upserts or change.deletes]

    def committed(self) -> None:
        """Learn that what was taken is in the store."""
        for table in self._tables.values():
            table.taken = {}

    def _fold(self, events: Sequence[Recorded]) -> int:
        by_event = self._by_event
        for index, recorded in enumerate(events):
            if recorded.position <= self.position:
                continue
            touched: list[Touched] = []
            for table in by_event.get(type(recorded.event), ()):
                if not table.find(recorded, touched):
                    return index
            for evolve, entry in touched:
                entry.document = evolve(entry.document, recorded)
            self.position = recorded.position
            self.pending += 1
        for table in self._tables.values():
            table.supplied.clear()
        return len(events)


async def read_missing(batch: Batch, store: ViewStore, events: Sequence[Recorded]) -> None:
    """Read what `events` may need from `store` and supply it; raises `Unavailable`."""
    for name, keys in batch.missing(events).items():
        batch.supply(name, keys, await store.get_many(name, keys))


class _Table:
    """The documents of one view on their way from one batch to the next."""

    __slots__ = ("_cache", "_changed", "_evolve", "_keys", "supplied", "taken", "view")

    def __init__(self, view: View[Any]) -> None:
        self.view = view
        self._keys, self._evolve = view.keys, view.evolve
        self.taken: dict[Key, Entry] = {}
        self.supplied: dict[Key, Entry] = {}
        self._changed: dict[Key, Entry] = {}
        self._cache = DocumentCache()

    def find(self, recorded: Recorded, touched: list[Touched]) -> bool:
        """Add the entries that the event changes; False when one has to be read first."""
        changed = self._changed
        for key in self._keys(recorded):
            entry = changed.get(key)
            if entry is None:
                entry = self._at_hand(key)
                if entry is None:
                    if not self.view.creates(recorded):
                        return False
                    entry = Entry()
                changed[key] = entry
            touched.append((self._evolve, entry))
        return True

    def missing(self, recorded: Recorded) -> list[Key]:
        """Return the keys of the event that are not at hand and may stand in the store."""
        if self.view.creates(recorded):
            return []
        keys = self.view.keys(recorded)
        return [key for key in keys if key not in self._changed and self._at_hand(key) is None]

    def supply(self, keys: Sequence[Key], found: Mapping[Key, bytes]) -> None:
        """Take in what the store has under `keys`."""
        for key in keys:
            data = found.get(key)
            document = None if data is None else decode_document(self.view.document, data)
            self.supplied[key] = Entry(document, stored=data is not None)

    def take(self) -> Change:
        """Return the rows of what changed, and begin the next batch."""
        upserts, deletes = [], []
        for key, entry in self._changed.items():
            if entry.document is not None:
                upserts.append(self._row(key, entry))
            elif entry.stored:
                deletes.append(key)
                entry.stored = False
                self._cache.discard(key)
        self.taken, self._changed = self._changed, {}
        return Change(table=self.view.name, upserts=upserts, deletes=deletes)

    def _row(self, key: Key, entry: Entry) -> Row:
        data = encode_document(entry.document)
        entry.stored = True
        if self.view.is_final(entry.document):
            self._cache.discard(key)
        else:
            self._cache.put(key, entry, len(data))
        return Row(key[0], key[1], data, self.view.columns(entry.document))

    def _at_hand(self, key: Key) -> Entry | None:
        return self.taken.get(key) or self._cache.get(key) or self.supplied.get(key)
