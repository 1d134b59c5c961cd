"""Calls an author's function and turns whatever comes of it into an outcome."""

import asyncio
from collections.abc import Awaitable
from typing import cast

from baton.domain.json import JsonObject
from baton.domain.run.messages import Failed, Succeeded
from baton.executor.functions.registry import PythonFunction
from baton.executor.functions.results import failed, succeeded
from baton.executor.sdk import StepContext


async def invoke(
    function: PythonFunction, payload: JsonObject, context: StepContext
) -> Succeeded | Failed:
    """Await an `async def`; only a cancellation from outside is raised."""
    try:
        result = await cast(Awaitable[object], function.run(*(payload, context)[: function.arity]))
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return failed(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - that is what a failure is
        return failed(error)
    return succeeded(result)


def invoke_blocking(
    function: PythonFunction, payload: JsonObject, context: StepContext
) -> Succeeded | Failed:
    """Call a `def`."""
    try:
        result = function.run(*(payload, context)[: function.arity])
    except BaseException as error:  # noqa: BLE001 - in its own thread nothing else ends it
        return failed(error)
    return succeeded(result)
