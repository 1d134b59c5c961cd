"""Wakes the followers of the log in one process when any process appends, and reads for them.

Every append notifies the database's listeners of its last position. Notifications can be lost, so a
waiting follower also polls, and reads after every reconnect.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MappingProxyType

import asyncpg

from baton.backends.postgres.database import ALONG_INDEX, Value
from baton.backends.postgres.errors import as_unavailable
from baton.backends.postgres.notification_channel import NotificationChannel

CHANNEL = "stored_events"
POLL_S = 0.5
"""The longest wait for a notification before the store is read anyway."""

# A follower runs one statement repeatedly. It is planned once, to read along the index, even if
# the table is empty at that moment.
_SETTINGS = MappingProxyType(
    {
        "application_name": "baton follower",
        "plan_cache_mode": "force_generic_plan",
        "enable_seqscan": "off",
        **ALONG_INDEX,
    }
)

AlreadySeen = Callable[[int, int], bool]
"""Called with the pid of the appender's server process and the position of its last event.

Returns whether the owner has these events already.
"""


class AppendNotifications:
    """Waits for appends.

    `may_have_more` is whether the store may hold events that the owner hasn't read yet.
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
        """Return the rows of a SELECT on the listening connection; raises `Unavailable`."""
        async with self._fetching:
            connection = await self._channel.connection()
            with as_unavailable():
                return await connection.fetch(statement, *values)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Count the store as read to its end, unless the block raises an exception."""
        self.may_have_more = False
        try:
            yield
        except BaseException:
            self.may_have_more = True
            raise

    def wake(self, *, may_have_more: bool) -> None:
        """End a wait, because of unread events or because the owner got events without reading."""
        self.may_have_more = self.may_have_more or may_have_more
        self._woken.set()

    def pause(self) -> None:
        """Stop listening until the next `wait` or `fetch`."""
        self._channel.pause()

    async def close(self) -> None:
        """Stop listening."""
        await self._channel.close()

    def _on_notification(self, pid: int, position: int | None) -> None:
        if position is None or not self._already_seen(pid, position):
            self._on_gap()

    def _on_gap(self) -> None:
        self.wake(may_have_more=True)
