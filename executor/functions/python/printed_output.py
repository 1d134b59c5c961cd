"""Reads the text that a function process prints during one call.

The process writes a mark before and after the call, so that other output doesn't count as printed
by the call. The pipe outlives the process, so output arrives even if the process dies.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

MAX_PASSED_ON: Final = 64 * 1024
"""The number of bytes per call that are copied to the service's own standard error."""
MAX_LINES: Final = 2_000
"""The number of lines that are reported as they arrive.

Of the lines after them, the last ones are kept, at most as many. A log holds fewer lines than that;
more lines would only block the event loop.
"""
MAX_LAST_BYTES: Final = 128 * 1024
"""The number of bytes at the end that are kept."""
_CHUNK: Final = 64 * 1024
_DROPPED: Final = b"\nfurther output of this call is dropped: the function writes too much\n"


class PrintedOutput:
    """The output of one call.

    Args:
        source: The output of the process.
        mark: The text that the process writes before and after the call.
        on_line: Called on the event loop with each line, without its line end.
        on_omitted: Called with the number of omitted lines, before the last ones are reported.
    """

    def __init__(
        self,
        source: asyncio.StreamReader,
        mark: bytes,
        on_line: Callable[[str], None],
        on_omitted: Callable[[int], None],
    ) -> None:
        self._source = source
        self._mark = mark
        self._on_line = on_line
        self._on_omitted = on_omitted
        self._size = 0
        self._lines_left = MAX_LINES
        self._line = b""
        self._last: deque[bytes] = deque()
        self._last_size = 0
        self._omitted = 0
        self._dropped = False

    async def read(self) -> None:
        """Return when the call or the process has ended, and every line was reported."""
        call_began, rest = await self._read_to_mark(b"", self._ignore)
        if call_began:
            await self._read_to_mark(rest, self._take)
        self._report_last()

    async def _read_to_mark(self, data: bytes, take: Callable[[bytes], None]) -> tuple[bool, bytes]:
        """Pass the data before the next mark to `take`; return whether it came, and the rest."""
        while True:
            before, mark, after = data.partition(self._mark)
            if mark:
                take(before)
                return True, after
            end = data.rfind(self._mark[:1])  # perhaps the beginning of a mark
            end = len(data) if end < 0 or len(data) - end >= len(self._mark) else end
            take(data[:end])
            more = await self._source.read(_CHUNK)
            if not more:
                take(data[end:])
                return False, b""
            data = data[end:] + more

    def _ignore(self, data: bytes) -> None:
        """Ignore output between two calls, from a thread that an earlier call left running."""

    def _take(self, data: bytes) -> None:
        if not data:
            return
        self._pass_on(data)
        self._size += len(data)
        if self._lines_left and not self._last:
            *lines, data = (self._line + data).split(b"\n", self._lines_left)
            self._line = b""
            self._lines_left -= len(lines)
            self._report(lines)
            if self._lines_left and self._size <= MAX_LAST_BYTES:
                self._line = data
                return
        self._keep_last(data)

    def _keep_last(self, data: bytes) -> None:
        self._last.append(data)
        self._last_size += len(data)
        while self._last_size - len(self._last[0]) >= MAX_LAST_BYTES:
            dropped = self._last.popleft()
            self._last_size -= len(dropped)
            self._omitted += dropped.count(b"\n")
            self._dropped = True

    def _pass_on(self, data: bytes) -> None:
        allowed = MAX_PASSED_ON - self._size
        if allowed <= 0:
            return
        with suppress(OSError):
            os.write(2, data[:allowed])
            if len(data) > allowed:
                os.write(2, _DROPPED)

    def _report_last(self) -> None:
        """Report the last lines, beginning with a complete one."""
        lines = b"".join([self._line, *self._last]).split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        first = max(int(self._dropped), len(lines) - MAX_LINES)
        if omitted := self._omitted + first:
            self._on_omitted(omitted)
        self._report(lines[first:])

    def _report(self, lines: list[bytes]) -> None:
        for line in lines:
            self._on_line(line.removesuffix(b"\r").decode("utf-8", "replace"))
