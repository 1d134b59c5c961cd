"""The program of a function process: performs calls one by one until its input ends.

Frames arrive on the original standard input and leave on the original standard output. Functions
find an empty standard input, and what they print goes to standard error.
"""

import asyncio
import logging
import os
from threading import Lock, Thread
from typing import Any, BinaryIO

from baton.domain.json import JsonObject
from baton.domain.run.messages import Failed, Succeeded
from baton.executor.functions.call import CallOutcome
from baton.executor.functions.loading import FunctionsNotLoaded, is_async_callable, load_functions
from baton.executor.functions.python.call_python import call_async, call_blocking
from baton.executor.functions.python.framing import encode_frame, read_frame
from baton.executor.functions.registry import PythonFunction
from baton.executor.functions.results import InvalidOutput, failure, json_copy, storable_text
from baton.executor.sdk import StepContext

MAX_OUTPUT_BYTES = 65_536
"""Bytes on standard output and standard error that are passed on per call; the rest is dropped."""
MAX_LINES = 1_000
"""Log lines that are passed on per call."""
MAX_LINE = 8_192
"""Characters of a log line."""
_DROPPED = "further output of this call is dropped: the function writes too much"


class _Output:
    """Passes on what functions print, up to a bound per call; a thread reads all of it."""

    def __init__(self) -> None:
        self._left = MAX_OUTPUT_BYTES
        self._to = os.dup(2)
        self._from, printed = os.pipe()
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        os.close(printed)
        Thread(target=self._pass_on, name="baton-output", daemon=True).start()

    def allow(self, size: int) -> None:
        """Pass on up to `size` bytes from now on."""
        self._left = size

    def _pass_on(self) -> None:
        while data := os.read(self._from, 65_536):
            passed, left = data[: max(0, self._left)], self._left
            self._left -= len(data)
            if passed:
                os.write(self._to, passed)
            if left > 0 >= self._left:
                os.write(self._to, f"\n{_DROPPED}\n".encode())


class _Channel:
    """Sends messages to Baton; a function may report from several threads."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = Lock()

    def close(self) -> None:
        """Close the stream in a copy of this process: Baton notices the end of this one by it."""
        os.close(self._stream.fileno())

    def send(self, message: JsonObject) -> None:
        frame = encode_frame(message)
        with self._lock:
            self._stream.write(frame)
            self._stream.flush()


class _LogForwarder(logging.Handler):
    """Sends log lines to Baton, which adds the ids of the run and writes them."""

    def __init__(self, channel: _Channel) -> None:
        super().__init__()
        self._channel = channel
        self._left = MAX_LINES

    def emit(self, record: logging.LogRecord) -> None:
        self._left -= 1
        if self._left > 0:
            line = {"level": record.levelno, "text": storable_text(self.format(record)[:MAX_LINE])}
            self._channel.send({"log": line})
        elif self._left == 0:
            self._channel.send({"log": {"level": logging.WARNING, "text": _DROPPED}})

    def allow(self, lines: int) -> None:
        """Forward up to `lines` lines from now on and drop the rest."""
        self._left = lines


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
        context = StepContext(**call["context"], report=self._report)
        if is_async_callable(function.run):
            return asyncio.run(call_async(function, call["payload"], context))
        return call_blocking(function, call["payload"], context)

    def _function(self, origin: str, name: str) -> PythonFunction:
        if (origin, name) not in self._loaded:
            self._loaded.update({(origin, one.name): one for one in load_functions(origin)})
        try:
            return self._loaded[origin, name]
        except KeyError:
            raise FunctionsNotLoaded(f"{origin} no longer declares {name!r}") from None

    def _report(self, progress: object) -> None:
        try:
            self._channel.send({"heartbeat": json_copy(progress)})
        except InvalidOutput as error:
            raise ValueError(f"no progress to report: {error}") from None


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
        output.allow(MAX_OUTPUT_BYTES)
        log.allow(MAX_LINES)
        channel.send(_encode_outcome(runner.perform(call)))
