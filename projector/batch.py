"""Folds events into documents and collects the changed ones, for the projector and for rebuilds.

Folding is synchronous: it stops at an event whose documents aren't in memory, and continues after
the caller has read them.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from baton.eventlog.events.codec import decode_document, encode_document
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Change, Row, ViewStore
from baton.projector.document_cache import DocumentCache, Entry
from baton.projector.view import Documents, Following, Key, View

Update: TypeAlias = tuple[Callable[[Any, Recorded], Any], Entry]
"""The `evolve` of a view, and the document into which it folds the event."""

FollowUp: TypeAlias = tuple["_FollowingTable", tuple[Key, ...], Entry]
"""A table of following documents, the keys that an event may change, and the followed document."""


class Batch:
    """Folds events into the documents of every view and collects the changes of one commit.

    A document is written once per commit, however many events change it. `position` is the position
    of the newest folded event; events up to it are skipped. `pending` counts the events folded
    since the last `take_changes`.
    """

    def __init__(self, views: Sequence[View[Any]], *, position: int) -> None:
        self.position = position
        self.pending = 0
        self._error: Exception | None = None
        self._tables: dict[str, _Table] = {}
        by_event: dict[type, list[_ViewTable]] = defaultdict(list)
        for view in views:
            of_view = _ViewTable(view)
            for table in (of_view, of_view.following):
                if table is not None:
                    self._tables[table.documents.name] = table
            for cls in view.events:
                by_event[cls].append(of_view)
        self._by_event = dict(by_event)

    def fold(self, events: Sequence[Recorded]) -> int:
        """Fold events until one needs a document that isn't in memory; return the number folded.

        After an event that can't be folded, all later calls raise its error, because some documents
        may already include it. Supplied documents are dropped when all of `events` are folded.
        """
        if self._error is not None:
            raise self._error
        try:
            return self._fold(events)
        except Exception as error:
            self._error = error
            raise

    def missing(self, events: Sequence[Recorded]) -> dict[str, list[Key]]:
        """Return, by view, the documents that `events` may need and that aren't in memory."""
        found: dict[str, set[Key]] = defaultdict(set)
        for recorded in events:
            for table in self._by_event.get(type(recorded.event), ()):
                found[table.documents.name].update(table.missing(recorded))
                if table.following is not None:
                    found[table.following.documents.name].update(table.following.wanted)
        return {name: sorted(keys) for name, keys in found.items() if keys}

    def supply(self, name: str, keys: Sequence[Key], found: Mapping[Key, bytes]) -> None:
        """Add the documents of a view that a read of `keys` found; the others don't exist."""
        self._tables[name].supply(keys, found)

    def take_changes(self) -> list[Change]:
        """Return the changes since the last call, to be committed with `position`.

        The changed documents stay in memory until `mark_committed`, because the store returns the
        old rows until then.
        """
        if self._error is not None:
            raise self._error
        self.pending = 0
        changes = [table.take_changes() for table in self._tables.values()]
        return [change for change in changes if change.upserts or change.deletes]

    def mark_committed(self) -> None:
        """Record that the changes taken last are committed."""
        for table in self._tables.values():
            table.in_commit = {}

    def _fold(self, events: Sequence[Recorded]) -> int:
        by_event = self._by_event
        for index, recorded in enumerate(events):
            if recorded.position <= self.position:
                continue
            updates: list[Update] = []
            follow_ups: list[FollowUp] = []
            for table in by_event.get(type(recorded.event), ()):
                if not table.collect_updates(recorded, updates, follow_ups):
                    return index
            for evolve, entry in updates:
                entry.document = evolve(entry.document, recorded)
            for following, keys, followed in follow_ups:
                following.follow(keys, followed.document, recorded)
            self.position = recorded.position
            self.pending += 1
        for one in self._tables.values():
            one.supplied.clear()
        return len(events)


async def read_missing(batch: Batch, store: ViewStore, events: Sequence[Recorded]) -> None:
    """Read the documents that `events` may need and supply them; raises `Unavailable`."""
    for name, keys in batch.missing(events).items():
        batch.supply(name, keys, await store.get_many(name, keys))


class _Table:
    """The documents of one table in memory.

    Each was changed since the last commit, is part of the commit in progress (`in_commit`), is
    cached, or was read from the store for the current events (`supplied`).
    """

    __slots__ = ("_cache", "_changed", "documents", "in_commit", "supplied")

    def __init__(self, documents: Documents[Any]) -> None:
        self.documents = documents
        self.in_commit: dict[Key, Entry] = {}
        self.supplied: dict[Key, Entry] = {}
        self._changed: dict[Key, Entry] = {}
        self._cache = DocumentCache()

    def supply(self, keys: Sequence[Key], found: Mapping[Key, bytes]) -> None:
        """Take what the store holds under `keys`."""
        for key in keys:
            data = found.get(key)
            document = None if data is None else decode_document(self.documents.document, data)
            self.supplied[key] = Entry(document, stored=data is not None)

    def take_changes(self) -> Change:
        """Return the rows of the changed documents, which become `in_commit`."""
        upserts: list[Row] = []
        deletes: list[Key] = []
        for key, entry in self._changed.items():
            if entry.document is not None:
                upserts += self._further_rows(key, entry.document)
                upserts.append(self._row(key, entry))
            elif entry.stored:
                deletes.append(key)
                entry.stored = False
                self._cache.discard(key)
        self.in_commit, self._changed = self._changed, {}
        return Change(table=self.documents.name, upserts=upserts, deletes=deletes)

    def in_memory(self, key: Key) -> Entry | None:
        """Return a document that is in memory and unchanged since the last commit, else None."""
        return self.in_commit.get(key) or self._cache.get(key) or self.supplied.get(key)

    def _further_rows(self, key: Key, document: Any) -> list[Row]:
        tenant, begin = key
        found = self.documents.take_rows(document)
        return [Row(tenant, begin + end, data, values) for end, data, values in found]

    def _row(self, key: Key, entry: Entry) -> Row:
        data = encode_document(entry.document)
        entry.stored = True
        if self.documents.is_final(entry.document):
            self._cache.discard(key)
        else:
            self._cache.put(key, entry, len(data))
        return Row(key[0], key[1], data, self.documents.columns(entry.document))


class _ViewTable(_Table):
    """The documents of one view in memory; `following` is the table that is folded from them."""

    __slots__ = ("_creates", "_evolve", "_keys", "following")

    def __init__(self, view: View[Any]) -> None:
        super().__init__(view)
        self._keys, self._creates, self._evolve = view.keys, view.creates, view.evolve
        self.following = None if view.following is None else _FollowingTable(view.following)

    def collect_updates(
        self, recorded: Recorded, updates: list[Update], follow_ups: list[FollowUp]
    ) -> bool:
        """Add the documents that the event changes; return False if one must be read first."""
        changed, following = self._changed, self.following
        for key in self._keys(recorded):
            entry = changed.get(key)
            if entry is None:
                entry = self.in_memory(key)
                if entry is None:
                    if not self._creates(recorded):
                        return False
                    entry = Entry()
                changed[key] = entry
            updates.append((self._evolve, entry))
            if following is not None and not following.collect(entry, recorded, follow_ups):
                return False
        return True

    def missing(self, recorded: Recorded) -> list[Key]:
        """Return the keys of documents that the event needs and that must be read first."""
        if self._creates(recorded):
            return []
        keys = self._keys(recorded)
        return [key for key in keys if key not in self._changed and self.in_memory(key) is None]


class _FollowingTable(_Table):
    """Documents in memory that are folded from the documents of a view.

    `wanted` are the keys of documents that must be read first.
    """

    __slots__ = ("_following", "wanted")

    def __init__(self, following: Following[Any, Any]) -> None:
        super().__init__(following)
        self._following = following
        self.wanted: set[Key] = set()

    def supply(self, keys: Sequence[Key], found: Mapping[Key, bytes]) -> None:
        """Take what the store holds under `keys`."""
        super().supply(keys, found)
        self.wanted.clear()

    def collect(self, followed: Entry, recorded: Recorded, follow_ups: list[FollowUp]) -> bool:
        """Add the documents that the event may change; return False if one must be read first."""
        keys = self._following.keys(followed.document, recorded)
        for key in keys:
            if key not in self._changed and self.in_memory(key) is None:
                self.wanted.add(key)
                return False
        follow_ups.append((self, keys, followed))
        return True

    def follow(self, keys: Sequence[Key], followed: Any, recorded: Recorded) -> None:
        """Fold the event into the documents that `collect` added, if it changes them."""
        if not self._following.changes(followed, recorded):
            return
        for key in keys:
            entry = self._changed.get(key)
            if entry is None:
                entry = self._changed[key] = self.in_memory(key) or Entry()
            entry.document = self._following.evolve(entry.document, followed, recorded)
