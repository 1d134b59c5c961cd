"""The port of the clock."""

from typing import Protocol


class Clock(Protocol):
    """The time, passed to everything that needs it, so that a test or a simulation controls it.

    Work with a due time sleeps until that time; everything else that repeats idles. A clock that
    skips time jumps from due time to due time, so it must know due times apart from intervals.
    """

    def now(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        ...

    async def sleep_until(self, due_at: float) -> None:
        """Return once the clock shows `due_at` (ms since the epoch); at once if it does already.

        For timers, backoffs, deadlines and ticks: work that has to be done at that time.
        """
        ...

    async def idle(self, duration_ms: float) -> None:
        """Return after about `duration_ms`.

        For polling, pacing and repeated attempts at I/O, where no work is due at the end.
        """
        ...
