"""Functions of the tests: one that fails for most inputs, one that never ends by itself."""

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
