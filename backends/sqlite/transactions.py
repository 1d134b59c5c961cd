"""Small changes beside the events (keys, leases, checkpoints, secrets) that share commits."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from eventsourcing.sqlite import SQLiteCursor, SQLiteDatastore

from backends.sqlite.database import Writer
from backends.sqlite.errors import as_unavailable
from eventlog.errors import Unavailable

T = TypeVar("T")

MAX_JOBS = 200

Job = Callable[[SQLiteCursor], T]
"""Runs statements that don't fail for another caller's sake, and returns what they found."""


class Transactions:
    """Runs jobs on the writer thread; those that wait together are committed together."""

    def __init__(self, datastore: SQLiteDatastore, writer: Writer) -> None:
        self._datastore = datastore
        self._writer = writer
        self._waiting: list[tuple[Job[Any], asyncio.Future[Any]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def run(self, job: Job[T]) -> T:
        """Return what `job` returned, once its changes are durable; raises `Unavailable`."""
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, result))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush(), name="small changes")
        return await result

    async def close(self) -> None:
        """Finish what was accepted."""
        while self._flusher is not None:
            await asyncio.wait([self._flusher])

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_JOBS], self._waiting[MAX_JOBS:]
                await self._commit(batch)
        finally:
            self._flusher = None

    async def _commit(self, batch: Sequence[tuple[Job[Any], asyncio.Future[Any]]]) -> None:
        try:
            with as_unavailable():
                found = await self._writer.run(lambda: self._execute([job for job, _ in batch]))
        except Unavailable as error:
            for _, result in batch:
                if not result.done():
                    result.set_exception(Unavailable(*error.args))
            return
        for (_, result), value in zip(batch, found, strict=True):
            if not result.done():
                result.set_result(value)

    def _execute(self, jobs: Sequence[Job[Any]]) -> list[Any]:
        with self._datastore.transaction(commit=True) as cursor:
            return [job(cursor) for job in jobs]
