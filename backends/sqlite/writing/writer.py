"""Writes to a SQLite file through a process that runs statements in order.

A thread would wait for the interpreter lock with every statement, and a commit on the event loop
would block everything else (docs/decisions/0008).
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

from baton.backends.sqlite.writing import writer_process
from baton.backends.sqlite.writing.child_process import ChildProcess, start_child
from baton.backends.sqlite.writing.writer_process import Answer, Result, Statements
from baton.eventlog.errors import Unavailable

Synchronous = Literal["FULL", "NORMAL"]


class ConstraintViolated(Exception):
    """A row exists already; nothing was written."""


class Writer:
    """Runs statements in a separate process, started on first use and again after a crash."""

    def __init__(
        self,
        path: Path,
        synchronous: Synchronous,
        *,
        keep_open: Sequence[int] = (),
        read_only: bool,
    ) -> None:
        """`keep_open` are file descriptors that the process inherits, such as the folder's lock."""
        self._path = path
        self._synchronous: Synchronous = synchronous
        self._keep_open = tuple(keep_open)
        self._read_only = read_only
        self._starting = asyncio.Lock()
        self._process: ChildProcess | None = None
        self._queued_for_start: set[asyncio.Future[Answer]] = set()

    @property
    def pid(self) -> int:
        """The id of the process; raises `Unavailable` while there is none."""
        if self._process is None:
            raise Unavailable(f"no process writes to {self._path} now")
        return self._process.pid

    async def run(self, statements: Statements) -> Sequence[Result]:
        """Run all of `statements` or none, in one transaction; return rows and last row ids.

        Raises `ConstraintViolated`, and `Unavailable` when SQLite fails or the process dies. A
        process that died may have committed.
        """
        return results_of(await self.submit(statements))

    def submit(self, statements: Statements) -> asyncio.Future[Answer]:
        """Submit `statements` in order, as `run` does; `results_of` reads the answer."""
        process = self._process
        if process is not None and not process.ended and not self._queued_for_start:
            return process.submit(statements)
        asked = asyncio.ensure_future(self._submit_to_new_process(statements))
        self._queued_for_start.add(asked)
        asked.add_done_callback(self._queued_for_start.discard)
        return asked

    async def _submit_to_new_process(self, statements: Statements) -> Answer:
        if self._read_only:
            raise Unavailable("this was opened for reading only")
        async with self._starting:
            if self._process is None or self._process.ended:
                await self._stop()
                self._process = await _start(self._path, self._synchronous, self._keep_open)
            answer = self._process.submit(statements)
        return await answer

    async def close(self) -> None:
        """Finish the submitted statements, then end the process."""
        async with self._starting:
            await self._stop()

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.stop()


def results_of(answer: Answer) -> Sequence[Result]:
    """Return the results of an answer, or raise the same errors as `Writer.run`."""
    kind, content = answer
    if kind == "ok":
        return cast(Sequence[Result], content)
    if kind == "IntegrityError":
        raise ConstraintViolated(content)
    raise Unavailable(f"SQLite: {content}")


async def _start(path: Path, synchronous: Synchronous, keep_open: Sequence[int]) -> ChildProcess:
    def command(number: int) -> Sequence[str]:
        script = writer_process.__file__
        return (sys.executable, "-I", "-S", script, str(number), str(path), synchronous)

    return await start_child(command, keep_open=keep_open)
