"""Processes for functions with `pool="process"`: each performs one call at a time.

A process that dies fails its own call only, and a cancelled call kills its process, which no shared
pool can do. Nothing is pickled: the process loads the function from the same source.
"""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable

from baton.domain.json import JsonObject
from baton.domain.run.messages import Error, Failed, Succeeded
from baton.executor.functions.call import CallOutcome
from baton.executor.functions.python.framing import encode_frame, receive_frame
from baton.executor.functions.results import failure

PROCESS_DIED = "PROCESS_DIED"
MAX_IDLE = 2
"""Processes that are kept for later calls."""
_EXIT_TIMEOUT_S = 2.0
_SETTINGS = "BATON_"
_START_CODE = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from baton.executor.functions.python.process_worker import main; main()"
)

OnMessage = Callable[[JsonObject], None]
"""Called on the event loop with each `heartbeat` or `log` message of a running function."""


class ProcessPool:
    """Processes, started on demand and reused; the caller limits its calls."""

    def __init__(self) -> None:
        self._idle: list[Process] = []
        self._closing = False

    async def perform(self, message: JsonObject, on_message: OnMessage) -> CallOutcome:
        """Perform a call in a process; a cancellation kills the process.

        Args:
            message: The call as `process_worker` reads it.
            on_message: Called with what the function reports while it runs.
        """
        process = self._pop_idle() or await _start_process()
        done = False
        try:
            outcome = await _exchange(process, encode_frame(message), on_message)
            done = True
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await process.wait()
            return failure(PROCESS_DIED, f"the process ended with {code}", retryable=True)
        finally:
            await self._keep_or_kill(process, keep=done)
        return outcome

    async def close(self) -> None:
        """End the idle processes; a busy one ends when its call ends or is cancelled."""
        self._closing = True
        idle, self._idle = self._idle, []
        for process in idle:
            await _end_process(process)

    def _pop_idle(self) -> Process | None:
        while self._idle:
            if (process := self._idle.pop()).returncode is None:
                return process
        return None

    async def _keep_or_kill(self, process: Process, *, keep: bool) -> None:
        if keep and not self._closing and len(self._idle) < MAX_IDLE:
            self._idle.append(process)
        elif process.returncode is None:
            await _kill_process(process)


async def _start_process() -> Process:
    folders = [folder or os.getcwd() for folder in sys.path]  # noqa: PTH109 - "" means just that
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _START_CODE,
        *folders,
        stdin=PIPE,
        stdout=PIPE,
        env=_environment(),
        start_new_session=True,  # Ctrl-C must reach Baton only, which ends its processes itself
    )


def _environment() -> dict[str, str]:
    """Return the environment without Baton's settings, which hold secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}


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
    """Kill the process with all processes that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
