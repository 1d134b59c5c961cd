"""Reads stored events for a relay as soon as a notification says that there are more."""

from collections.abc import Sequence

from baton.backends.postgres.events.append_notifications import AppendNotifications
from baton.backends.postgres.events.statements import EVENTS
from baton.eventlog.events.envelope import Stored


class PostgresOutbox:
    """Implements `Outbox` for one reader at a time, with one statement per wake-up."""

    def __init__(self, url: str) -> None:
        self._read_up_to = -1  # the position up to which the newest call read
        self._notifications = AppendNotifications(url, already_seen=self._already_seen)

    async def after(self, position: int, *, limit: int) -> Sequence[Stored]:
        """Wait for and return the next events after `position`, in order; never empty."""
        if position != self._read_up_to:
            self._read_up_to = position
            self._notifications.may_have_more = True
        while True:
            await self._notifications.wait()
            unread = self._notifications.may_have_more
            if unread and (events := await self._read_after(position, limit)):
                return events

    async def close(self) -> None:
        """Stop listening."""
        await self._notifications.close()

    async def _read_after(self, position: int, limit: int) -> Sequence[Stored]:
        with self._notifications.reading():
            rows = await self._notifications.fetch(EVENTS.page, position, limit)
        if rows:
            self._read_up_to = rows[-1][0]
        if len(rows) == limit:
            self._notifications.may_have_more = True
        return [Stored(*row) for row in rows]

    def _already_seen(self, _pid: int, position: int) -> bool:
        return position <= self._read_up_to
