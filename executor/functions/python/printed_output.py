"""Reads what a function process prints during one call.

The process writes a mark before and after the call, so that nothing else counts as printed by it.
What is printed arrives here although the process may die: the pipe outlives it.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

MAX_PASSED_ON: Final = 64 * 1024
"""Bytes of one call that are passed on to the service's own standard error."""
MAX_LINES: Final = 2_000
"""Lines that are reported at once. Of what follows, as many are kept, from the end.

They take more than a log holds; more of them would only hold the event loop.
"""
MAX_LAST_BYTES: Final = 128 * 1024
"""Bytes that are kept from the end."""
_CHUNK: Final = 64 * 1024
_DROPPED: Final = b"\nfurther output of this call is dropped: the function writes too much\n"


class PrintedOutput:
    """The output of one call.

    Args:
        source: The output of the process.
        mark: What the process writes before and after the call.
        on_line: Called on the event loop with each line, without its end.
        on_omitted: Called with the number of lines left out, before the last ones are reported.
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
        found, rest = await self._read_to_mark(b"", self._ignore)
        if found:
            await self._read_to_mark(rest, self._take)
        self._report_last()

    async def _read_to_mark(self, data: bytes, take: Callable[[bytes], None]) -> tuple[bool, bytes]:
        """Pass what comes before the next mark to `take`; return what was read behind it."""
        while True:
            before, mark, behind = data.partition(self._mark)
            if mark:
                take(before)
                return True, behind
            held = data.rfind(self._mark[:1])  # perhaps the beginning of a mark
            held = len(data) if held < 0 or len(data) - held >= len(self._mark) else held
            take(data[:held])
            more = await self._source.read(_CHUNK)
            if not more:
                take(data[held:])
                return False, b""
            data = data[held:] + more

    def _ignore(self, data: bytes) -> None:
        """Ignore what was printed between two calls, by a thread that an earlier one has left."""

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
        left = MAX_PASSED_ON - self._size
        if left <= 0:
            return
        with suppress(OSError):
            os.write(2, data[:left])
            if len(data) > left:
                os.write(2, _DROPPED)

    def _report_last(self) -> None:
        """Report the lines at the end, beginning with a whole one."""
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
