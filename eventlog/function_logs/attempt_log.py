"""The log of one attempt, bounded: the middle of a long log is left out."""

from collections import deque
from collections.abc import Sequence
from threading import Lock
from typing import Final

from baton.domain.run.outcome import Token
from baton.eventlog.function_logs.lines import LogLine, encode_line, encode_omission

MAX_BYTES: Final = 256 * 1024
"""The bytes of a log as JSON. Of a longer log, the first and the last lines are kept."""
_RESERVED: Final = 64
"""The bytes for the brackets and for the entry that counts the omitted lines."""


class AttemptLog:
    """Collects the lines of an attempt, in any thread.

    Args:
        tenant: The tenant of the run.
        run_id: The run.
        token: The attempt.
        max_bytes: Bytes of the log as JSON.
    """

    __slots__ = (
        "__weakref__",
        "_closed",
        "_first",
        "_first_left",
        "_last",
        "_last_left",
        "_lock",
        "_omitted",
        "run_id",
        "tenant",
        "token",
    )

    def __init__(
        self, tenant: str, run_id: str, token: Token, *, max_bytes: int = MAX_BYTES
    ) -> None:
        self.tenant = tenant
        self.run_id = run_id
        self.token = token
        self._lock = Lock()
        self._first: list[bytes] = []
        self._last: deque[bytes] = deque()
        self._first_left = self._last_left = (max_bytes - _RESERVED) // 2
        self._omitted = 0
        self._closed = False

    @property
    def empty(self) -> bool:
        """Whether no line was added or omitted."""
        return not (self._first or self._last or self._omitted)

    def add(self, line: LogLine) -> None:
        """Add a line, unless the log is closed."""
        raw = encode_line(line)
        size = len(raw) + 1
        with self._lock:
            if self._closed:
                return
            if not self._last and not self._omitted and size <= self._first_left:
                self._first.append(raw)
                self._first_left -= size
                return
            self._last.append(raw)
            self._last_left -= size
            while self._last_left < 0:
                self._last_left += len(self._last.popleft()) + 1
                self._omitted += 1

    def omit(self, lines: int) -> None:
        """Record that `lines` lines are missing: lines added later count as the last ones."""
        with self._lock:
            self._omitted += lines

    def since(self, number: int) -> tuple[Sequence[bytes], int]:
        """Return the lines from `number` on, each as JSON, and the number of the next line.

        Lines are numbered from 0, including omitted ones.
        """
        with self._lock:
            first, last = len(self._first), list(self._last)
            lines = self._first[number:]
            first_of_last = first + self._omitted
            if number < first_of_last and self._omitted:
                lines.append(encode_omission(first_of_last - max(number, first)))
            return [*lines, *last[max(0, number - first_of_last) :]], first_of_last + len(last)

    def close(self) -> bool:
        """Accept no more lines; return False if the log was already closed."""
        with self._lock:
            closed, self._closed = self._closed, True
        return not closed

    def to_json(self) -> bytes:
        """Return the log as canonical JSON."""
        return b"[%b]" % b",".join(self.since(0)[0])
