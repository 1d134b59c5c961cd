"""The stored events as a relay reads them, when the server says that there are more."""

from collections.abc import Sequence

from baton.backends.postgres.events.append_notifications import Listening
from baton.eventlog.events.envelope import Stored

_AFTER = """
SELECT notification_id, originator_id, originator_version, topic, state
FROM public.stored_events WHERE notification_id > $1 ORDER BY notification_id LIMIT $2"""


class PostgresOutbox:
    """Implements `Outbox`; one reader at a time costs one statement a wake-up."""

    def __init__(self, url: str) -> None:
        self._read = -1  # up to here, by the newest call
        self._listening = Listening(url, known=self._known)

    async def after(self, position: int, *, limit: int) -> Sequence[Stored]:
        """Wait for and return the next events behind `position`, in order; never empty."""
        if position != self._read:
            self._read = position
            self._listening.unseen = True
        while True:
            await self._listening.wait()
            if self._listening.unseen and (found := await self._ask(position, limit)):
                return found

    async def close(self) -> None:
        """Listen no more."""
        await self._listening.close()

    async def _ask(self, position: int, limit: int) -> Sequence[Stored]:
        self._listening.unseen = False
        try:
            rows = await self._listening.fetch(_AFTER, position, limit)
        except BaseException:
            self._listening.unseen = True
            raise
        if rows:
            self._read = rows[-1][0]
        if len(rows) == limit:
            self._listening.unseen = True
        return [Stored(*row) for row in rows]

    def _known(self, _pid: int, position: int) -> bool:
        return position <= self._read
