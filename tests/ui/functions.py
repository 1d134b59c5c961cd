"""Functions of the tests: they fail at first, never end, or return their input."""

import asyncio
from typing import Any

from baton import NonRetryableError, StepContext, function


@function("close-at-first")
async def close_at_first(payload: dict[str, Any], context: StepContext) -> str:
    """Fail unless the input says that the carrier is open."""
    context.log.info("attempt %d", context.attempt)
    if not payload["input"].get("open"):
        raise NonRetryableError("the carrier is closed", code="CLOSED")
    return "shipped"


@function("hold")
async def hold() -> None:
    """Wait until the run is cancelled."""
    await asyncio.Event().wait()


@function("parrot")
async def parrot(payload: dict[str, Any]) -> object:
    """Return the input of the run."""
    return payload["input"]
