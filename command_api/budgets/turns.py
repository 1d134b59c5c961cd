"""Turns for large pieces of work, so that small requests are answered between them."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LARGE = 64 * 1024
"""The size from which on reading or parsing a body takes a turn, in bytes."""

PART_S = 0.002
"""The pause after each part of a large body. A part has up to 256 KiB and takes about 0.3 ms."""


class Turns:
    """Runs large pieces of work one at a time, first come first served.

    After each piece the event loop is left to other tasks for as long as the piece took: large work
    uses at most half of a processor.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def run(self, size: int, work: Callable[[], T]) -> T:
        """Return the result of `work`, called in a turn if `size` (bytes) is large."""
        if size < LARGE:
            return work()
        async with self._lock:
            began = time.perf_counter()
            try:
                return work()
            finally:
                await asyncio.sleep(time.perf_counter() - began)

    async def pause(self) -> None:
        """Wait for a turn between two parts of a large body, and leave the loop to other tasks."""
        async with self._lock:
            await asyncio.sleep(PART_S)
