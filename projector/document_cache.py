"""Documents that were changed not long ago, so that the next event needs no look-up."""

from typing import Any

from baton.projector.view import Key

CAPACITY_BYTES = 8 * 1024 * 1024
"""Bytes of stored form that are surely kept; up to twice as much are held."""


class Entry:
    """A document as it stands now, and whether the store has a row of it.

    A document that came and went between two commits is never written.
    """

    __slots__ = ("document", "stored")

    def __init__(self, document: Any = None, *, stored: bool = False) -> None:
        self.document = document
        self.stored = stored


class DocumentCache:
    """The entries put last, in two halves: when the young one is full, the old one is dropped."""

    __slots__ = ("_bytes", "_capacity_bytes", "_old", "_young")

    def __init__(self, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self._capacity_bytes = capacity_bytes
        self._bytes = 0
        self._young: dict[Key, Entry] = {}
        self._old: dict[Key, Entry] = {}

    def get(self, key: Key) -> Entry | None:
        """Return the entry that was put under `key`, if it is still held."""
        return self._young.get(key) or self._old.get(key)

    def put(self, key: Key, entry: Entry, size: int) -> None:
        """Keep the entry, whose stored form has `size` bytes."""
        self._young[key] = entry
        self._bytes += size
        if self._bytes > self._capacity_bytes:
            self._old, self._young, self._bytes = self._young, {}, 0

    def discard(self, key: Key) -> None:
        """Let go of the entry, if it is held."""
        self._young.pop(key, None)
        self._old.pop(key, None)
