"""Functions of the runs under fault: slow enough to be hit, and on the record."""

import asyncio
import os
from functools import cache
from pathlib import Path

from baton import StepContext, function
from tests.faults.side_effect_log import VARIABLE, SideEffectLog


@function("work")
async def work(payload: dict, context: StepContext) -> dict:
    """Take as long as the input says."""
    _ledger().note(context.idempotency_key, context.attempt)
    await asyncio.sleep(payload["input"]["seconds"])
    return {"attempt": context.attempt}


@function("pause")
async def pause(payload: dict, context: StepContext) -> dict:
    """Take as long as the input says, and touch no file."""
    await asyncio.sleep(payload["input"]["seconds"])
    return {"attempt": context.attempt}


@function("brief")
async def brief(payload: dict, context: StepContext) -> dict:
    """Take a moment, whatever the input."""
    _ledger().note(context.idempotency_key, context.attempt)
    await asyncio.sleep(0.05)
    return {"attempt": context.attempt}


@function("flaky")
async def flaky(payload: dict, context: StepContext) -> dict:
    """Fail at first."""
    _ledger().note(context.idempotency_key, context.attempt)
    if context.attempt == 1:
        message = "not yet"
        raise ValueError(message)
    return {"attempt": context.attempt}


@cache
def _ledger() -> SideEffectLog:
    return SideEffectLog(Path(os.environ[VARIABLE]))
