"""Calls a Python function and turns its result or exception into an outcome."""

import asyncio
from collections.abc import Awaitable
from typing import cast

from baton.domain.json import JsonObject
from baton.executor.functions.call import CallOutcome
from baton.executor.functions.registry import PythonFunction
from baton.executor.functions.results import outcome_of_exception, outcome_of_result
from baton.executor.sdk import StepContext


async def call_async(
    function: PythonFunction, payload: JsonObject, context: StepContext
) -> CallOutcome:
    """Call an `async def`. Only a cancellation of the calling task is raised.

    A `CancelledError` that the function raises by itself fails the attempt.
    """
    try:
        result = await cast(Awaitable[object], function.run(*(payload, context)[: function.arity]))
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return outcome_of_exception(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - any exception fails the attempt
        return outcome_of_exception(error)
    return outcome_of_result(result)


def call_blocking(
    function: PythonFunction, payload: JsonObject, context: StepContext
) -> CallOutcome:
    """Call a `def` in the current thread. Every exception fails the attempt."""
    try:
        result = function.run(*(payload, context)[: function.arity])
    except BaseException as error:  # noqa: BLE001 - no exception may end the thread
        return outcome_of_exception(error)
    return outcome_of_result(result)
