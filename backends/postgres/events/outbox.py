"""The stored events as a relay reads them, when the server says that there are more."""

from collections.abc import Sequence

from baton.backends.postgres.events.append_notifications import AppendNotifications
from baton.eventlog.events.envelope import Stored

_AFTER = """
SELECT notification_id, originator_id, originator_version, topic, state
FROM public.stored_events WHERE notification_id > $1 ORDER BY notification_id LIMIT $2"""


class PostgresOutbox:
    """Implements `Outbox`; one reader at a time costs one statement a wake-up."""

    def __init__(self, url: str) -> None:
        self._read_up_to = -1  # up to here, by the newest call
        self._notifications = AppendNotifications(url, already_seen=self._already_seen)

    async def after(self, position: int, *, limit: int) -> Sequence[Stored]:
        """Wait for and return the next events behind `position`, in order; never empty."""
        if position != self._read_up_to:
            self._read_up_to = position
            self._notifications.may_have_more = True
        while True:
            await self._notifications.wait()
            if self._notifications.may_have_more and (
                found := await self._read_after(position, limit)
            ):
                return found

    async def close(self) -> None:
        """Listen no more."""
        await self._notifications.close()

    async def _read_after(self, position: int, limit: int) -> Sequence[Stored]:
        self._notifications.may_have_more = False
        try:
            rows = await self._notifications.fetch(_AFTER, position, limit)
        except BaseException:
            self._notifications.may_have_more = True
            raise
        if rows:
            self._read_up_to = rows[-1][0]
        if len(rows) == limit:
            self._notifications.may_have_more = True
        return [Stored(*row) for row in rows]

    def _already_seen(self, _pid: int, position: int) -> bool:
        return position <= self._read_up_to
