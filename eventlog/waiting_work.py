"""The calls of functions that wait for a place at an executor, by tenant.

Their steps are ready and have not begun. No event says so, only the executors know. Executors that
share a store report their numbers in its function directory; a process that has the store to itself
asks its own executor.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from baton.eventlog.known_functions import FunctionDirectory


@dataclass(slots=True)
class WaitingCalls:
    """Counts the calls that wait.

    Args:
        directory: The reports of a shared store; None where one process has it to itself.
        own: Returns the numbers of this process's executor by tenant, those above 0; None without
            an executor. The executor sets it.
    """

    directory: FunctionDirectory | None = None
    own: Callable[[], Mapping[str, int]] | None = None

    async def of(self, tenant: str) -> int:
        """Return the number of a tenant at all executors; raises `Unavailable`."""
        if self.directory is not None:
            return await self.directory.waiting(tenant)
        return 0 if self.own is None else self.own().get(tenant, 0)
