"""Calls a Python function and turns its result or exception into an outcome."""

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, cast

from baton.domain.json import JsonObject
from baton.executor.functions.arguments import InvalidInput
from baton.executor.functions.call import CallOutcome
from baton.executor.functions.python.forks import exit_if_forked, fork_depth
from baton.executor.functions.registry import PythonFunction
from baton.executor.functions.results import failure, outcome_of_exception, outcome_of_result
from baton.executor.sdk import StepContext

INVALID_INPUT = "INVALID_INPUT"


async def call_async(
    function: PythonFunction, payload: JsonObject, context: StepContext
) -> CallOutcome:
    """Call an `async def` function. Only a cancellation of the calling task is raised.

    Any exception of the function itself fails the attempt, including `KeyboardInterrupt` and
    `CancelledError`: none of them may reach the event loop.
    """
    try:
        called = function.run(*_arguments(function, payload, context))
        result = await _in_this_process(cast("Coroutine[Any, Any, object]", called))
    except InvalidInput as error:
        return failure(INVALID_INPUT, str(error))
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return outcome_of_exception(error)
    except BaseException as error:  # noqa: BLE001 - no exception may end the loop
        return outcome_of_exception(error)
    return outcome_of_result(result)


def call_blocking(
    function: PythonFunction, payload: JsonObject, context: StepContext
) -> CallOutcome:
    """Call a `def` function in the current thread. Every exception fails the attempt."""
    depth = fork_depth()
    try:
        result = function.run(*_arguments(function, payload, context))
    except InvalidInput as error:
        return failure(INVALID_INPUT, str(error))
    except BaseException as error:  # noqa: BLE001 - no exception may end the thread
        exit_if_forked(depth)
        return outcome_of_exception(error)
    exit_if_forked(depth)
    return outcome_of_result(result)


def _arguments(
    function: PythonFunction, payload: JsonObject, context: StepContext
) -> tuple[object, ...]:
    first: object = payload if function.convert is None else function.convert(payload)
    return (first, context)[: function.arity]


@coroutine
def _in_this_process(called: Coroutine[Any, Any, object]) -> Generator[Any, Any, object]:
    """Drive a coroutine; end a child process that it forks before the child uses the loop."""
    depth, value, error = fork_depth(), None, None
    while True:
        try:
            awaited = called.send(value) if error is None else called.throw(error)
        except StopIteration as end:
            exit_if_forked(depth)
            return cast(object, end.value)
        except BaseException:
            exit_if_forked(depth)
            raise
        exit_if_forked(depth)
        value = error = None
        try:
            value = yield awaited
        except BaseException as raised:  # noqa: BLE001 - passed on to the coroutine
            error = raised
