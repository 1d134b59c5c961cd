"""Functions of the tests: one that fails until it is mended, one that never ends by itself."""

import asyncio
from typing import Any

from baton import NonRetryableError, StepContext, function


@function("close-at-first")
async def close_at_first(payload: dict[str, Any], context: StepContext) -> str:
    """Fail in the first run with an input, and succeed in its reruns."""
    context.log.info("visit %d, attempt %d", context.visit, context.attempt)
    if not payload["input"].get("open"):
        raise NonRetryableError("the carrier is closed", code="CLOSED")
    return "shipped"


@function("hold")
async def hold() -> None:
    """Wait until the run is cancelled."""
    await asyncio.Event().wait()
