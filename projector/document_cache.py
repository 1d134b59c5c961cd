"""A cache of recently changed documents, so that the next event needs no read from the store."""

from typing import Any

from baton.projector.view import Key

CAPACITY_BYTES = 8 * 1024 * 1024
"""The encoded size of a generation, in bytes; the cache holds up to two generations."""


class Entry:
    """A document's current state, and whether the store has a row of it.

    A document that is created and deleted between two commits is never written.
    """

    __slots__ = ("document", "stored")

    def __init__(self, document: Any = None, *, stored: bool = False) -> None:
        self.document = document
        self.stored = stored


class DocumentCache:
    """Two generations of entries: when the young one is full, it replaces the old one."""

    __slots__ = ("_bytes", "_capacity_bytes", "_old", "_young")

    def __init__(self, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self._capacity_bytes = capacity_bytes
        self._bytes = 0
        self._young: dict[Key, Entry] = {}
        self._old: dict[Key, Entry] = {}

    def get(self, key: Key) -> Entry | None:
        """Return the entry of `key`, if it is still cached."""
        return self._young.get(key) or self._old.get(key)

    def put(self, key: Key, entry: Entry, size: int) -> None:
        """Cache an entry; `size` is the encoded size of its document in bytes."""
        self._young[key] = entry
        self._bytes += size
        if self._bytes > self._capacity_bytes:
            self._old, self._young, self._bytes = self._young, {}, 0

    def discard(self, key: Key) -> None:
        """Remove the entry, if it is cached."""
        self._young.pop(key, None)
        self._old.pop(key, None)
