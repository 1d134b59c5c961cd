"""Processes for functions with `pool="process"`: each performs one call at a time.

A process that dies fails only its own call, and a cancelled call kills its process; the pools of
the standard library can do neither. Nothing is pickled: the process loads the function from the
same source.
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
from baton.domain.run.outcome import Error, Failed, Succeeded
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.executor.functions.call import CallOutcome
from baton.executor.functions.python.framing import encode_frame, receive_frame
from baton.executor.functions.python.printed_output import PrintedOutput
from baton.executor.functions.results import failure
from baton.protocols.masking import environment_without_settings

PROCESS_DIED = "PROCESS_DIED"
MAX_IDLE = 2
"""The number of idle processes that are kept for later calls."""
_EXIT_TIMEOUT_S = 2.0
_PRINTED_S = 1.0
"""The time to wait for the rest of a call's output, in seconds."""
_PRINTED_AFTER_DEATH_S = 0.2
"""The same after the process has died; its child processes may keep the pipe open."""
_START_CODE = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from baton.executor.functions.python.process_worker import main; main()"
)

OnMessage = Callable[[JsonObject], None]
"""Called on the event loop with each message of a running function."""


class Receiver(Protocol):
    """Gets the messages, log lines and output of a running function, on the event loop."""

    def message(self, message: JsonObject) -> None:
        """Process a `heartbeat`, `log` or `omitted` message."""
        ...

    def printed(self, line: str) -> None:
        """Process a line that the function printed."""
        ...

    def omitted(self, lines: int) -> None:
        """Record that `lines` printed lines are missing before the next one."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _FunctionProcess:
    """A function process, and the reading end of the pipe for its output.

    The pipe isn't one of asyncio's subprocess module: a child of the function process may keep it
    open after the process has ended.
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
        worker = self._pop_idle() or await _start_process()
        mark = f"\0{secrets.token_hex(16)}"
        output = PrintedOutput(worker.printed, mark.encode(), receiver.printed, receiver.omitted)
        printed = asyncio.create_task(output.read(), name="printed output")
        reusable = False
        try:
            call = encode_frame({**message, "mark": mark})
            outcome = await _exchange(worker.process, call, receiver.message)
            reusable = (
                not await stop_tasks((printed,), grace_s=_PRINTED_S) and not printed.cancelled()
            )
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await worker.process.wait()
            return failure(PROCESS_DIED, f"the process ended with {code}", retryable=True)
        finally:
            if not reusable:
                await _kill_process(worker.process)
                await stop_tasks((printed,), grace_s=_PRINTED_AFTER_DEATH_S)
            await self._keep_or_end(worker, keep=reusable)
        return outcome

    async def close(self) -> None:
        """End the idle processes; a busy one ends when its call ends or is cancelled."""
        self._closing = True
        idle, self._idle = self._idle, []
        for worker in idle:
            await _end_process(worker.process)
            worker.pipe.close()

    def _pop_idle(self) -> _FunctionProcess | None:
        while self._idle:
            if not (worker := self._idle.pop()).ended:
                return worker
            worker.pipe.close()
        return None

    async def _keep_or_end(self, worker: _FunctionProcess, *, keep: bool) -> None:
        if keep and not self._closing and len(self._idle) < MAX_IDLE:
            self._idle.append(worker)
            return
        await _kill_process(worker.process)
        worker.pipe.close()


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
