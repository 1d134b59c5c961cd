"""The program of a function process: performs calls one by one until its input ends.

Frames arrive on the original standard input and leave on the original standard output. Functions
find an empty standard input, and what they print goes to standard error.
"""

import asyncio
import logging
import os
from threading import Lock
from typing import Any, BinaryIO

from baton.domain.json import JsonObject
from baton.domain.run.messages import Failed, Succeeded
from baton.executor.functions.call import CallOutcome
from baton.executor.functions.call_python import call_async, call_blocking
from baton.executor.functions.framing import encode_frame, read_frame
from baton.executor.functions.loading import FunctionsNotLoaded, is_async_callable, load_functions
from baton.executor.functions.registry import PythonFunction
from baton.executor.functions.results import InvalidOutput, failure, json_copy, storable_text
from baton.executor.sdk import StepContext


class _Channel:
    """Sends messages to Baton; a function may report from several threads."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = Lock()

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

    def emit(self, record: logging.LogRecord) -> None:
        line = {"level": record.levelno, "text": storable_text(self.format(record))}
        self._channel.send({"log": line})


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
    os.dup2(2, 1)
    logging.basicConfig(level=logging.INFO, handlers=[_LogForwarder(channel)], format="%(message)s")
    runner = _FunctionRunner(channel)
    while (call := read_frame(calls)) is not None:
        channel.send(_encode_outcome(runner.perform(call)))
