"""Watches the event table for completed runs, by event type, without decoding events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from benchmarks.engine import RunWentWrong

_CHANNEL = "stored_events"
_OVER = """
SELECT originator_id, topic FROM public.stored_events
WHERE notification_id > $1 AND notification_id <= $2
AND topic IN ('run.RunCompleted', 'run.RunFailed')"""
_HEAD = "SELECT coalesce(max(notification_id), 0) FROM public.stored_events"


class Completions:
    """Futures of pending runs, by stream."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection
        self._open: dict[str, asyncio.Future[None]] = {}
        self._seen = 0
        self._told = 0
        self._more = asyncio.Event()

    def of(self, stream: str) -> asyncio.Future[None]:
        """Return a future that is done when the run has ended; call this before the run starts."""
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open[stream] = over
        return over

    async def watch(self) -> None:
        """Query after every notification of an append."""
        self._seen = self._told = await self._connection.fetchval(_HEAD)
        await self._connection.add_listener(_CHANNEL, self._notified)
        while True:
            await self._more.wait()
            self._more.clear()
            upto = self._told
            for stream, topic in await self._connection.fetch(_OVER, self._seen, upto):
                self._settle(stream, topic)
            self._seen = upto

    def _settle(self, stream: str, topic: str) -> None:
        over = self._open.pop(stream, None)
        if over is not None and topic == "run.RunFailed":
            over.set_exception(RunWentWrong(stream))
        elif over is not None:
            over.set_result(None)

    def _notified(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        assert isinstance(payload, str)
        self._told = max(self._told, int(payload))
        self._more.set()


@asynccontextmanager
async def completions(store: str) -> AsyncIterator[Completions]:
    """Watch the store at a URL until the block ends."""
    connection = await asyncpg.connect(store)
    watched = Completions(connection)
    watching = asyncio.create_task(watched.watch())
    try:
        yield watched
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        connection.terminate()
