"""The machine's clock."""

import asyncio
import time


class SystemClock:
    """Implements `Clock`. Sleeping uses the event loop's monotonic time."""

    def now(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        return time.time_ns() // 1_000_000

    async def sleep_until(self, due_at: float) -> None:
        """Return when the clock should show `due_at` (ms); it may be set meanwhile."""
        await asyncio.sleep(max(0, due_at - self.now()) / 1000)

    async def idle(self, duration_ms: float) -> None:
        """Return after `duration_ms`."""
        await asyncio.sleep(duration_ms / 1000)
