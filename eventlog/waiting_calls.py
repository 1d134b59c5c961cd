"""Counts the calls of functions that wait for a slot at an executor, by tenant.

No event records that a call waits. Executors that share a store report their numbers in its
function directory; a process with a store of its own asks its executor.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from baton.eventlog.known_functions import FunctionDirectory


@dataclass(slots=True)
class WaitingCalls:
    """Counts the waiting calls.

    Args:
        directory: The reports of a shared store; None for a process with a store of its own.
        own: Returns the numbers of this process's executor by tenant, without zeros; None without
            an executor. The executor sets it.
    """

    directory: FunctionDirectory | None = None
    own: Callable[[], Mapping[str, int]] | None = None

    async def of(self, tenant: str) -> int:
        """Return a tenant's number of waiting calls at all executors; raises `Unavailable`."""
        if self.directory is not None:
            return await self.directory.waiting(tenant)
        return 0 if self.own is None else self.own().get(tenant, 0)
