"""Processes for functions with `pool="process"`: each performs one call at a time.

A process that dies fails its own call only, and a cancelled call kills its process, which no shared
pool can do. Nothing is pickled: the process loads the function from the same source.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from baton.domain.json import JsonObject
from baton.domain.run.messages import Error, Failed, Succeeded
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.executor.functions.call import CallOutcome
from baton.executor.functions.python.framing import encode_frame, receive_frame
from baton.executor.functions.python.printed_output import PrintedOutput
from baton.executor.functions.results import failure
from baton.protocols.masking import environment_without_settings

PROCESS_DIED = "PROCESS_DIED"
MAX_IDLE = 2
"""Processes that are kept for later calls."""
_EXIT_TIMEOUT_S = 2.0
_PRINTED_S = 1.0
"""Time for the rest of what a call has printed to arrive."""
_PRINTED_AFTER_DEATH_S = 0.2
"""The same after the end of the process; processes that it has started may keep the pipe open."""
_START_CODE = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from baton.executor.functions.python.process_worker import main; main()"
)

OnMessage = Callable[[JsonObject], None]
"""Called on the event loop with each message of a running function."""


class Receiver(Protocol):
    """Gets what a running function reports, logs and prints, on the event loop."""

    def message(self, message: JsonObject) -> None:
        """Take a `heartbeat`, `log` or `omitted` message."""
        ...

    def printed(self, line: str) -> None:
        """Take a line that the function printed."""
        ...

    def omitted(self, lines: int) -> None:
        """Note that `lines` printed lines were left out before the next one."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _FunctionProcess:
    """A process, and the reading end of the pipe for what it prints.

    The pipe isn't one of asyncio's subprocess: a process that a function has started may hold it
    open after the function process has ended.
    """

    process: Process
    printed: asyncio.StreamReader
    pipe: asyncio.ReadTransport

    @property
    def ended(self) -> bool:
        return self.process.returncode is not None


class ProcessPool:
    """Processes, started on demand and reused; the caller limits its calls."""

    def __init__(self) -> None:
        self._idle: list[_FunctionProcess] = []
        self._closing = False

    async def perform(self, message: JsonObject, receiver: Receiver) -> CallOutcome:
        """Perform a call in a process; a cancellation kills the process.

        Args:
            message: The call as `process_worker` reads it.
            receiver: Gets what the function reports, logs and prints while it runs.
        """
        one = self._pop_idle() or await _start_process()
        mark = f"\0{secrets.token_hex(16)}"
        output = PrintedOutput(one.printed, mark.encode(), receiver.printed, receiver.omitted)
        printed = asyncio.create_task(output.read(), name="printed output")
        done = False
        try:
            call = encode_frame({**message, "mark": mark})
            outcome = await _exchange(one.process, call, receiver.message)
            done = not await stop_tasks((printed,), grace_s=_PRINTED_S) and not printed.cancelled()
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await one.process.wait()
            return failure(PROCESS_DIED, f"the process ended with {code}", retryable=True)
        finally:
            if not done:
                await _kill_process(one.process)
                await stop_tasks((printed,), grace_s=_PRINTED_AFTER_DEATH_S)
            await self._keep_or_end(one, keep=done)
        return outcome

    async def close(self) -> None:
        """End the idle processes; a busy one ends when its call ends or is cancelled."""
        self._closing = True
        idle, self._idle = self._idle, []
        for one in idle:
            await _end_process(one.process)
            one.pipe.close()

    def _pop_idle(self) -> _FunctionProcess | None:
        while self._idle:
            if not (one := self._idle.pop()).ended:
                return one
            one.pipe.close()
        return None

    async def _keep_or_end(self, one: _FunctionProcess, *, keep: bool) -> None:
        if keep and not self._closing and len(self._idle) < MAX_IDLE:
            self._idle.append(one)
            return
        await _kill_process(one.process)
        one.pipe.close()


async def _start_process() -> _FunctionProcess:
    folders = [folder or os.getcwd() for folder in sys.path]  # noqa: PTH109 - "" means just that
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _START_CODE,
            *folders,
            stdin=PIPE,
            stdout=PIPE,
            stderr=writing,
            env=environment_without_settings(),
            start_new_session=True,  # Ctrl-C must reach Baton only, which ends its processes itself
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return await _with_printed(process, os.fdopen(reading, "rb", buffering=0))


async def _with_printed(process: Process, pipe: BinaryIO) -> _FunctionProcess:
    printed = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(printed), pipe
    )
    return _FunctionProcess(process, printed, transport)


async def _exchange(process: Process, call: bytes, on_message: OnMessage) -> CallOutcome:
    """Send a call and read messages up to its outcome."""
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(call)
    await process.stdin.drain()
    while True:
        match await receive_frame(process.stdout):
            case {"succeeded": {"output": output, "context": context}}:
                return Succeeded(output=output, context=context)
            case {"failed": {"error": error, "retryable": retryable}}:
                return Failed(error=Error(**error), retryable=retryable)
            case message:
                on_message(message)


async def _end_process(process: Process) -> None:
    """Close the input, which ends an idle process; kill it if it doesn't exit in time."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _EXIT_TIMEOUT_S)
    except TimeoutError:
        await _kill_process(process)


async def _kill_process(process: Process) -> None:
    """Kill the process with all processes that it started, unless it has ended already."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
