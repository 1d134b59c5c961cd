"""An event loop with virtual time, which advances only while no callback is ready."""

import asyncio
from typing import Any

MAX_TURNS = 100_000
"""Turns of the loop allowed without any time passing."""


class Deadlock(Exception):
    """No callback is ready or scheduled, or callbacks run forever without time passing."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks in asyncio's own order, without sockets, threads or a real clock."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._turns = 0
        self._selector = self  # the base class asks it to wait

    def time(self) -> float:
        return self._now

    def select(self, timeout: float | None) -> tuple[()]:
        """Advance the time to the next scheduled callback."""
        self._turns = 0 if timeout else self._turns + 1
        if timeout is None or self._turns > MAX_TURNS:
            self._turns = 0
            raise Deadlock
        self._now += timeout
        return ()

    def _process_events(self, event_list: Any) -> None:
        """The loop has no sockets, so it has no events."""

    def _write_to_self(self) -> None:
        """The loop has no other thread to wake."""
