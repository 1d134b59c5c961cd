"""An event loop on which time passes only when nobody has anything to do: hours cost nothing."""

import asyncio
from typing import Any

TURNS = 100_000
"""So often callbacks may have their turn without any time passing."""


class Standstill(Exception):
    """Nobody has anything to do and nobody waits for a time, or somebody spins: it has no end."""


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
        """Let the time pass that nobody needs."""
        self._turns = 0 if timeout else self._turns + 1
        if timeout is None or self._turns > TURNS:
            self._turns = 0
            raise Standstill
        self._now += timeout
        return ()

    def _process_events(self, event_list: Any) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody waits elsewhere."""
