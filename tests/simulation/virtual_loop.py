"""An event loop on which time passes only when nobody has anything to do: hours cost nothing."""

import asyncio
from typing import Any


class Standstill(Exception):
    """Nobody has anything to do, and nobody waits for a time: nothing would ever happen again."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks in asyncio's own order, without sockets, threads or a real clock."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._selector = self  # the base class asks it to wait

    def time(self) -> float:
        return self._now

    def select(self, timeout: float | None) -> tuple[()]:
        """Let the time pass that nobody needs."""
        if timeout is None:
            raise Standstill
        self._now += timeout
        return ()

    def _process_events(self, event_list: Any) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody waits elsewhere."""
