"""The machine's clock."""

import asyncio
import time


class SystemClock:
    """Implements `Clock`. Sleeping uses the event loop's monotonic time."""

    def now(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        return time.time_ns() // 1_000_000

    async def sleep(self, duration_ms: float) -> None:
        """Return after `duration_ms`."""
        await asyncio.sleep(duration_ms / 1000)
