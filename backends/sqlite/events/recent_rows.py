"""The rows of recent commits, kept for the notary, which then needn't read them from the file.

Reading a row costs more than hashing it. Nothing is kept before the notary has asked once.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from baton.eventlog.events.envelope import Stored
from baton.eventlog.loops.group_commit import Row

MAX_BYTES: Final = 16 * 1024 * 1024
"""The most bytes of stored events that are kept; older rows are dropped and read from the file."""

_stored = tuple.__new__
"""Makes a named tuple of a tuple in a third of the time that its class takes."""


class RecentRows:
    """Rows as they were committed, in order of position and without a gap."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._batches: deque[tuple[int, Sequence[Row], int]] = deque()  # first position, rows, size
        self._next = 0  # the position behind the newest row
        self._bytes = 0
        self._max_bytes = max_bytes
        self._wanted = False

    def add(self, first: int, rows: Sequence[Row]) -> None:
        """Keep the rows of a commit; `first` is the position of the first one.

        Rows of a process beside this one never come here: a gap drops everything before it.
        """
        if not self._wanted:
            return
        if first != self._next:
            self._batches.clear()
            self._bytes = 0
        size = sum([len(row[3]) for row in rows])
        self._batches.append((first, rows, size))
        self._next = first + len(rows)
        self._bytes += size
        while self._bytes > self._max_bytes:
            self._drop()

    def after(self, position: int, limit: int) -> Sequence[Stored]:
        """Return up to `limit` events behind `position`, and drop those up to it.

        It is empty unless the first of them is the next one in the store.
        """
        self._wanted = True
        while self._batches and self._batches[0][0] + len(self._batches[0][1]) <= position + 1:
            self._drop()
        found: list[Stored] = []
        if not self._batches or self._batches[0][0] > position + 1:
            return found
        for first, rows, _ in self._batches:
            skipped = max(0, position + 1 - first)
            wanted = rows[skipped : skipped + limit - len(found)]
            found += [_stored(Stored, (at, *row)) for at, row in enumerate(wanted, first + skipped)]
            if len(found) == limit:
                break
        return found

    def _drop(self) -> None:
        _, _, size = self._batches.popleft()
        self._bytes -= size
