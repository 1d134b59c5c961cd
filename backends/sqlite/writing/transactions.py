"""Group commit of small changes: idempotency keys, leases, checkpoints, secrets."""

import asyncio
from collections.abc import Sequence
from typing import Any

from baton.backends.sqlite.writing.writer import Writer
from baton.backends.sqlite.writing.writer_process import Statements
from baton.eventlog.errors import Unavailable

CHANGES_PER_COMMIT = 200

Rows = list[tuple[Any, ...]]
_Waiting = tuple[Statements, asyncio.Future[Sequence[Rows]]]


class Transactions:
    """Commits changes; changes that wait at the same time share a transaction."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: list[_Waiting] = []
        self._flusher: asyncio.Task[None] | None = None

    async def run(self, *statements: tuple[str, Sequence[Any]]) -> Sequence[Rows]:
        """Return the rows of each statement once all are durable; raises `Unavailable`.

        The statements must not violate a constraint: every change of the transaction would fail.
        """
        result: asyncio.Future[Sequence[Rows]] = asyncio.get_running_loop().create_future()
        self._waiting.append((statements, result))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush(), name="small changes")
        return await result

    async def close(self) -> None:
        """Commit the accepted changes."""
        while self._flusher is not None:
            await asyncio.wait([self._flusher])

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = (
                    self._waiting[:CHANGES_PER_COMMIT],
                    self._waiting[CHANGES_PER_COMMIT:],
                )
                await self._commit(batch)
        finally:
            self._flusher = None

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        try:
            results = await self._writer.run(
                [statement for statements, _ in batch for statement in statements]
            )
        except Exception as error:  # noqa: BLE001 - the callers raise it
            for _, result in batch:
                if not result.done():
                    result.set_exception(Unavailable(*error.args))
            return
        rows = iter([rows for rows, _ in results])
        for statements, result in batch:
            own = [next(rows) for _ in statements]
            if not result.done():
                result.set_result(own)
