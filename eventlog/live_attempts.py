"""The attempts that run in this process, with the newest heartbeat of each; no event records it."""

from dataclasses import dataclass, field
from typing import TypeAlias

from baton.domain.json import Json

_Key: TypeAlias = tuple[str, str]
"""Tenant and execution id."""


@dataclass(slots=True)
class LiveAttempt:
    """An attempt whose function is being called, or waits for a free slot.

    Attributes:
        executor: Names the process.
        heartbeat_at: The time of the newest heartbeat, in ms since the epoch; None before the
            first.
        progress: The progress that this heartbeat reported.
    """

    executor: str
    heartbeat_at: int | None = None
    progress: Json = None


@dataclass(slots=True)
class LiveAttempts:
    """Finds the running attempts of this process; used only on the event loop.

    Args:
        executor: The name of this process.
    """

    executor: str = ""
    _running: dict[_Key, LiveAttempt] = field(default_factory=dict)

    def begin(self, tenant: str, execution_id: str) -> None:
        """Add an attempt."""
        self._running[tenant, execution_id] = LiveAttempt(self.executor)

    def heartbeat(self, tenant: str, execution_id: str, progress: Json, *, at: int) -> None:
        """Keep a heartbeat, unless the attempt has ended; `at` is in ms since the epoch."""
        attempt = self._running.get((tenant, execution_id))
        if attempt is not None:
            attempt.heartbeat_at, attempt.progress = at, progress

    def end(self, tenant: str, execution_id: str) -> None:
        """Remove an attempt, if it is still there."""
        self._running.pop((tenant, execution_id), None)

    def get(self, tenant: str, execution_id: str) -> LiveAttempt | None:
        """Return an attempt that runs in this process, None for any other attempt."""
        return self._running.get((tenant, execution_id))
