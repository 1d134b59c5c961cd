"""A child process that answers requests in order, over a socket.

A request and an answer are marshalled, with their length before them. The child ends when its end
of the socket is closed, in whichever way its parent ended.
"""

import asyncio
import marshal
import socket
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

from baton.backends.sqlite.writing.writer_process import LENGTH, Answer
from baton.eventlog.errors import Unavailable
from baton.protocols.masking import environment_without_settings

CommandFor: TypeAlias = Callable[[int], Sequence[str]]
"""Called with the file descriptor of the process's end of the socket; returns the command line."""


class ChildProcess(asyncio.Protocol):
    """A running child process and the futures of its answers, in order."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._transport: asyncio.Transport | None = None
        self._expected: deque[asyncio.Future[Answer]] = deque()
        self._received = bytearray()
        self._ended = asyncio.Event()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the process has ended, and all its answers have arrived."""
        return self._ended.is_set()

    def submit(self, request: object) -> asyncio.Future[Answer]:
        """Send a request, which `marshal` can write; return the future of its answer.

        The answer is ("Ended", …) if the process ends first.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        data = marshal.dumps(cast(list[object], request))
        self._expected.append(answer)
        if self._transport is not None:
            self._transport.write(LENGTH.pack(len(data)) + data)
        return answer

    async def stop(self) -> None:
        """Close the process's input and wait until it has finished its requests."""
        try:
            if self._transport is not None and not self.ended:
                self._transport.write_eof()
            await self._ended.wait()
        finally:
            if self._transport is not None:
                self._transport.close()
            self._process.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send requests to `transport`."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Resolve the futures of the answers that are complete."""
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
        """Answer every open request with the end of the process."""
        self._ended.set()
        for answer in self._expected:
            if not answer.done():
                answer.set_result(("Ended", "the process ended"))


async def start_child(command_for: CommandFor, *, keep_open: Sequence[int] = ()) -> ChildProcess:
    """Start a process; raises `Unavailable`.

    It doesn't get Baton's settings, which may be secrets.

    Args:
        command_for: Makes the command line.
        keep_open: File descriptors that the process inherits, such as the lock of a folder.
    """
    ours, theirs = socket.socketpair()
    number = theirs.fileno()
    with theirs:
        try:
            process = subprocess.Popen(  # noqa: S603, ASYNC220 - our own program; a start takes 1 ms
                command_for(number),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(number, *keep_open),
                env=environment_without_settings(),
                process_group=0,  # Ctrl-C reaches it at no time, not even before it ignores it
            )
        except OSError as error:
            ours.close()
            raise Unavailable(f"a process can't be started: {error.strerror}") from error
    ours.setblocking(False)  # noqa: FBT003 - the only argument
    loop = asyncio.get_running_loop()
    _, started = await loop.create_unix_connection(lambda: ChildProcess(process), sock=ours)
    return started
