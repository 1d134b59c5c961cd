"""Functions of the runs under fault: slow enough to be interrupted; each call is logged."""

import asyncio
import os
from functools import cache
from pathlib import Path

from baton import StepContext, function
from tests.faults.side_effect_log import VARIABLE, SideEffectLog


@function("work")
async def work(payload: dict, context: StepContext) -> dict:
    """Take as many seconds as the input says."""
    _side_effects().record(context.idempotency_key, context.attempt)
    await asyncio.sleep(payload["input"]["seconds"])
    return {"attempt": context.attempt}


@function("pause")
async def pause(payload: dict, context: StepContext) -> dict:
    """Take as many seconds as the input says, without writing to a file."""
    await asyncio.sleep(payload["input"]["seconds"])
    return {"attempt": context.attempt}


@function("brief")
async def brief(payload: dict, context: StepContext) -> dict:
    """Take 50 ms."""
    _side_effects().record(context.idempotency_key, context.attempt)
    await asyncio.sleep(0.05)
    return {"attempt": context.attempt}


@function("flaky")
async def flaky(payload: dict, context: StepContext) -> dict:
    """Fail the first attempt."""
    _side_effects().record(context.idempotency_key, context.attempt)
    if context.attempt == 1:
        message = "not yet"
        raise ValueError(message)
    return {"attempt": context.attempt}


@cache
def _side_effects() -> SideEffectLog:
    return SideEffectLog(Path(os.environ[VARIABLE]))
