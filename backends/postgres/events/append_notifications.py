"""Hearing of appends: when to ask the store, for those in a process who follow it, and asking.

Every append notifies the database's listeners of the position it came to. As notifications get
lost, those who wait ask from time to time besides, and whenever the connection was made anew.
"""

import asyncio
from collections.abc import Callable
from types import MappingProxyType

import asyncpg

from baton.backends.postgres.database import Value
from baton.backends.postgres.errors import as_unavailable
from baton.backends.postgres.notification_channel import Listener

CHANNEL = "stored_events"
POLL_S = 0.5

# Who follows the log asks the same again and again: it is planned once, to go along the index, even
# while the table is empty.
_SETTINGS = MappingProxyType(
    {
        "application_name": "baton follower",
        "plan_cache_mode": "force_generic_plan",
        "enable_seqscan": "off",
        "enable_bitmapscan": "off",
        "enable_sort": "off",
    }
)

Known = Callable[[int, int], bool]
"""Whether an append says nothing new: the server process of its appender, the position it is at."""


class Listening:
    """Waits for appends; `unseen` is whether the store may have what wasn't read yet."""

    def __init__(self, url: str, *, known: Known) -> None:
        self.unseen = False
        self._known = known
        self._woken = asyncio.Event()
        self._fetching = asyncio.Lock()
        self._listener = Listener(
            url, CHANNEL, heard=self._heard, missed=self._missed, settings=_SETTINGS
        )

    async def wait(self) -> None:
        """Return when there may be something unseen, or after `wake`; raises `Unavailable`."""
        await self._listener.connection()
        if self.unseen:
            return
        self._woken.clear()
        try:
            async with asyncio.timeout(POLL_S):
                await self._woken.wait()
        except TimeoutError:
            self.unseen = True

    async def fetch(self, statement: str, *values: Value) -> list[asyncpg.Record]:
        """Return the rows of a statement that reads along an index; raises `Unavailable`."""
        async with self._fetching:
            connection = await self._listener.connection()
            with as_unavailable():
                return await connection.fetch(statement, *values)

    def wake(self, *, unseen: bool) -> None:
        """End a wait: for something `unseen`, or for what came without asking."""
        self.unseen = self.unseen or unseen
        self._woken.set()

    async def close(self) -> None:
        """Listen no more."""
        await self._listener.close()

    def _heard(self, pid: int, position: int | None) -> None:
        if position is None or not self._known(pid, position):
            self._missed()

    def _missed(self) -> None:
        self.wake(unseen=True)
