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
from baton.backends.postgres.notification_channel import NotificationChannel

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

AlreadySeen = Callable[[int, int], bool]
"""Whether an append says nothing new: the server process of its appender, the position it is at."""


class AppendNotifications:
    """Waits for appends.

    `may_have_more` says whether the store may hold events that the owner hasn't read yet.
    """

    def __init__(self, url: str, *, already_seen: AlreadySeen) -> None:
        self.may_have_more = False
        self._already_seen = already_seen
        self._woken = asyncio.Event()
        self._fetching = asyncio.Lock()
        self._channel = NotificationChannel(
            url,
            CHANNEL,
            on_notification=self._on_notification,
            on_gap=self._on_gap,
            settings=_SETTINGS,
        )

    async def wait(self) -> None:
        """Return when there may be unread events, or after `wake`; raises `Unavailable`."""
        await self._channel.connection()
        if self.may_have_more:
            return
        self._woken.clear()
        try:
            async with asyncio.timeout(POLL_S):
                await self._woken.wait()
        except TimeoutError:
            self.may_have_more = True

    async def fetch(self, statement: str, *values: Value) -> list[asyncpg.Record]:
        """Return the rows of a statement that reads along an index; raises `Unavailable`."""
        async with self._fetching:
            connection = await self._channel.connection()
            with as_unavailable():
                return await connection.fetch(statement, *values)

    def wake(self, *, may_have_more: bool) -> None:
        """End a wait: for something `may_have_more`, or for what came without asking."""
        self.may_have_more = self.may_have_more or may_have_more
        self._woken.set()

    async def close(self) -> None:
        """Listen no more."""
        await self._channel.close()

    def _on_notification(self, pid: int, position: int | None) -> None:
        if position is None or not self._already_seen(pid, position):
            self._on_gap()

    def _on_gap(self) -> None:
        self.wake(may_have_more=True)
