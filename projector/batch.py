"""Folds events into changed documents, for the projector and for a rebuild.

Folding never waits: it stops at an event whose documents aren't in memory, and continues once the
caller has read them.
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
"""The `evolve` of a view and the document that it has to fold an event into."""

FollowUp: TypeAlias = tuple["_FollowingTable", tuple[Key, ...], Entry]
"""The documents that an event may change, and the one that they follow."""


class Batch:
    """Folds events into the documents of every view and collects the changes of one commit.

    A document is written once per commit, however many events change it. `position` is that of the
    newest folded event; older events are skipped. `pending` counts the events folded since the last
    `take_changes`.
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
        """Fold events until one needs a document that isn't in memory; return their number.

        After an event that can't be folded, every later call raises its error: some documents may
        hold a part of that event. Supplied documents are dropped once all of `events` are folded.
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
        """Take the documents of a view that a read of `keys` found; the others don't exist."""
        self._tables[name].supply(keys, found)

    def take_changes(self) -> list[Change]:
        """Return the changes since the last call, to be committed with `position`.

        The changed documents stay in memory until `mark_committed`: until then the store would
        still return the rows before the change.
        """
        if self._error is not None:
            raise self._error
        self.pending = 0
        changes = [table.take_changes() for table in self._tables.values()]
        return [change for change in changes if change.upserts or change.deletes]

    def mark_committed(self) -> None:
        """Note that the store holds the changes taken last."""
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

    A document is changed since the last commit, part of the commit in progress (`in_commit`),
    cached, or `supplied` from the store for the current events.
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
        """Return the rows of the changed documents and start the next commit's set."""
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
        """Return a document that is unchanged since the last commit, if it is in memory."""
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
    """The documents of one view in memory; `following` are those that are folded from them."""

    __slots__ = ("_creates", "_evolve", "_keys", "following")

    def __init__(self, view: View[Any]) -> None:
        super().__init__(view)
        self._keys, self._creates, self._evolve = view.keys, view.creates, view.evolve
        self.following = None if view.following is None else _FollowingTable(view.following)

    def collect_updates(
        self, recorded: Recorded, updates: list[Update], follow_ups: list[FollowUp]
    ) -> bool:
        """Add the documents that the event changes; False when one has to be read first."""
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
        """Return the keys of the event that aren't in memory and may exist in the store."""
        if self._creates(recorded):
            return []
        keys = self._keys(recorded)
        return [key for key in keys if key not in self._changed and self.in_memory(key) is None]


class _FollowingTable(_Table):
    """The documents in memory that are folded from those of a view.

    `wanted` are the keys of documents that were asked for and have to be read first.
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
        """Add the documents that the event may change; False when one has to be read first."""
        keys = self._following.keys(followed.document, recorded)
        for key in keys:
            if key not in self._changed and self.in_memory(key) is None:
                self.wanted.add(key)
                return False
        follow_ups.append((self, keys, followed))
        return True

    def follow(self, keys: Sequence[Key], followed: Any, recorded: Recorded) -> None:
        """Fold the event into documents that `collect` has found, if it changes them."""
        if not self._following.changes(followed, recorded):
            return
        for key in keys:
            entry = self._changed.get(key)
            if entry is None:
                entry = self._changed[key] = self.in_memory(key) or Entry()
            entry.document = self._following.evolve(entry.document, followed, recorded)
