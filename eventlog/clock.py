"""The machine's clock."""

import asyncio
import time


class SystemClock:
    """The machine's clock; sleeping goes by the loop's monotonic one."""

    def now(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        return time.time_ns() // 1_000_000

    async def sleep(self, duration_ms: float) -> None:
        """Return when `duration_ms` have passed."""
        await asyncio.sleep(duration_ms / 1000)
