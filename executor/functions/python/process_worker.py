"""The program of a function process: performs calls one by one until its input ends.

Frames arrive on the original standard input and leave on the original standard output. Functions
get an empty standard input, and their output goes to standard error, which Baton reads.
"""

import asyncio
import logging
import os
import sys
from collections import deque
from contextlib import suppress
from functools import partial
from io import TextIOWrapper
from threading import Event, Lock
from typing import Any, BinaryIO

from baton.domain.json import JsonObject
from baton.domain.run.outcome import Failed, Succeeded
from baton.executor.functions.call import CallOutcome
from baton.executor.functions.loading import FunctionsNotLoaded, is_async_callable, load_functions
from baton.executor.functions.python.call_python import call_async, call_blocking
from baton.executor.functions.python.framing import encode_frame, read_frame
from baton.executor.functions.registry import PythonFunction
from baton.executor.functions.results import failure, json_or_none, storable_text
from baton.executor.sdk import AttemptOver, StepContext

MAX_LINES = 1_000
"""The number of log lines of a call that are sent as they arrive."""
MAX_LAST_LINES = 1_000
"""The number of later log lines, counted from the end, that are kept and sent when the call ends.
"""
MAX_LINE = 8_192
"""The number of characters of a log line."""


class _Output:
    """Standard output and standard error of the functions: one pipe, which Baton reads."""

    def __init__(self) -> None:
        os.dup2(2, 1)
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)  # a line is sent before a crash can lose it

    def mark(self, mark: str) -> None:
        """Write the mark of the beginning or the end of a call."""
        with suppress(OSError, ValueError):  # the function has closed the output
            sys.stdout.flush()
            sys.stderr.flush()
            os.write(2, mark.encode())


class _Channel:
    """Sends messages to Baton; a function may report from several threads."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = Lock()

    def close(self) -> None:
        """Close the stream in a forked child, so that Baton notices when this process ends."""
        os.close(self._stream.fileno())

    def send(self, message: JsonObject) -> None:
        frame = encode_frame(message)
        with self._lock:
            self._stream.write(frame)
            self._stream.flush()


class _LogForwarder(logging.Handler):
    """Sends log lines of a call to Baton, which adds the ids of the run and writes them.

    A thread that an earlier call has left running may log between two calls: those lines belong to
    no call, and are dropped.
    """

    def __init__(self, channel: _Channel) -> None:
        super().__init__()
        self._channel = channel
        self._in_call = False
        self._count = 0
        self._last: deque[JsonObject] = deque(maxlen=MAX_LAST_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        if not self._in_call:
            return
        self._count += 1
        line: JsonObject = {
            "level": record.levelno,
            "text": storable_text(self._text(record)[:MAX_LINE]),
            "at": int(record.created * 1000),
        }
        if self._count <= MAX_LINES:
            self._channel.send({"log": line})
        else:
            self._last.append(line)

    def _text(self, record: logging.LogRecord) -> str:
        try:
            return self.format(record)
        except Exception:  # noqa: BLE001 - as `logging` does, spare the function a faulty line
            return f"{record.msg!r} {record.args!r}"

    def begin_call(self) -> None:
        """Send the lines from now on."""
        self._in_call = True

    def end_call(self) -> None:
        """Send the last lines of a call that has logged too many, and no more until the next."""
        self._in_call = False
        if (omitted := self._count - MAX_LINES - len(self._last)) > 0:
            self._channel.send({"omitted": omitted})
        while self._last:
            self._channel.send({"log": self._last.popleft()})
        self._count = 0


class _FunctionRunner:
    """Loads each file or module once and calls its functions."""

    def __init__(self, channel: _Channel) -> None:
        self._channel = channel
        self._loaded: dict[tuple[str, str], PythonFunction] = {}

    def perform(self, call: dict[str, Any]) -> CallOutcome:
        try:
            function = self._function(call["origin"], call["name"])
        except FunctionsNotLoaded as error:
            return failure("FUNCTION_NOT_LOADED", str(error))
        over = Event()
        context = StepContext(**call["context"], report=partial(self._report, over))
        try:
            if is_async_callable(function.run):
                return asyncio.run(call_async(function, call["payload"], context))
            return call_blocking(function, call["payload"], context)
        finally:
            over.set()

    def _function(self, origin: str, name: str) -> PythonFunction:
        if (origin, name) not in self._loaded:
            self._loaded.update(
                {(origin, function.name): function for function in load_functions(origin)}
            )
        try:
            return self._loaded[origin, name]
        except KeyError:
            raise FunctionsNotLoaded(f"{origin} no longer declares {name!r}") from None

    def _report(self, over: Event, progress: object) -> None:
        if over.is_set():  # a thread that the call has left running
            raise AttemptOver
        self._channel.send({"heartbeat": json_or_none(progress)})


def _encode_outcome(outcome: CallOutcome) -> JsonObject:
    match outcome:
        case Succeeded():
            return {"succeeded": {"output": outcome.output, "context": outcome.context}}
        case Failed(error=error):
            members = {"code": error.code, "message": error.message, "stack": error.stack}
            return {"failed": {"error": members, "retryable": outcome.retryable}}


def main() -> None:
    """Perform calls until the input ends."""
    calls = os.fdopen(os.dup(0), "rb")
    channel = _Channel(os.fdopen(os.dup(1), "wb"))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    output, log = _Output(), _LogForwarder(channel)
    os.register_at_fork(after_in_child=channel.close)  # else its end would go unnoticed
    logging.basicConfig(level=logging.INFO, handlers=[log], format="%(message)s")
    runner = _FunctionRunner(channel)
    while (call := read_frame(calls)) is not None:
        output.mark(str(call["mark"]))
        log.begin_call()
        outcome = runner.perform(call)
        log.end_call()
        output.mark(str(call["mark"]))
        channel.send(_encode_outcome(outcome))
