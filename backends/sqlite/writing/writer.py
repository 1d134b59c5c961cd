"""Writes to a SQLite file through a process that runs statements in order.

A thread would wait for the interpreter lock with every statement, and a commit on the event loop
would block everything else (docs/decisions/0008).
"""

import asyncio
import marshal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

from baton.backends.sqlite.writing import writer_process
from baton.backends.sqlite.writing.writer_process import LENGTH, Answer, Result, Statements
from baton.eventlog.errors import Unavailable

Synchronous = Literal["FULL", "NORMAL"]


class ConstraintViolated(Exception):
    """A row exists already; nothing was written."""


class Writer:
    """Runs statements in a process of its own, which it starts on first use and after a death."""

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
        self._process: _Process | None = None
        self._queued_for_start: set[asyncio.Future[Answer]] = set()

    @property
    def pid(self) -> int:
        """The id of the process; raises `Unavailable` while there is none."""
        if self._process is None:
            raise Unavailable(f"no process writes to {self._path} now")
        return self._process.pid

    async def run(self, statements: Statements) -> Sequence[Result]:
        """Run all of `statements` or none, in one transaction; return rows and last row ids.

        Raises `ConstraintViolated`, and `Unavailable` when SQLite fails or the process dies; a
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
        """Run what was submitted, then end the process."""
        async with self._starting:
            await self._stop()

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.stop()


def results_of(answer: Answer) -> Sequence[Result]:
    """Return the results of an answer, or raise as `Writer.run` does."""
    kind, found = answer
    if kind == "ok":
        return cast(Sequence[Result], found)
    if kind == "IntegrityError":
        raise ConstraintViolated(found)
    raise Unavailable(f"SQLite: {found}")


class _Process(asyncio.Protocol):
    """A running writer process and the futures of its answers, in order."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._transport: asyncio.Transport | None = None
        self._expected: deque[asyncio.Future[Answer]] = deque()
        self._received = bytearray()
        self._ended = asyncio.Event()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def submit(self, statements: Statements) -> asyncio.Future[Answer]:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        data = marshal.dumps(cast(list[object], statements))
        self._expected.append(answer)
        if self._transport is not None:
            self._transport.write(LENGTH.pack(len(data)) + data)
        return answer

    async def stop(self) -> None:
        """Close the process's input and wait until it has run what was submitted."""
        try:
            if self._transport is not None and not self.ended:
                self._transport.write_eof()
            await self._ended.wait()
        finally:
            if self._transport is not None:
                self._transport.close()
            self._process.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._received)
            end = LENGTH.size + length
            if len(self._received) < end:
                return
            answer = self._expected.popleft()
            if not answer.done():
                answer.set_result(marshal.loads(self._received[LENGTH.size : end]))  # noqa: S302 - our own process wrote it
            del self._received[:end]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - part of the protocol
        self._ended.set()
        for answer in self._expected:
            if not answer.done():
                answer.set_result(("Ended", "the writer process ended"))


async def _start(path: Path, synchronous: Synchronous, keep_open: Sequence[int]) -> _Process:
    ours, theirs = socket.socketpair()
    script, number = writer_process.__file__, theirs.fileno()
    command = [sys.executable, "-I", "-S", script, str(number), str(path), synchronous]
    with theirs:
        try:
            process = subprocess.Popen(  # noqa: S603, ASYNC220 - our own script; a start takes 1 ms
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(number, *keep_open),
                process_group=0,  # Ctrl-C reaches it at no time, not even before it ignores it
            )
        except OSError as error:
            ours.close()
            raise Unavailable(f"the writer process can't be started: {error.strerror}") from error
    ours.setblocking(False)  # noqa: FBT003 - the only argument
    loop = asyncio.get_running_loop()
    _, started = await loop.create_unix_connection(lambda: _Process(process), sock=ours)
    return started
