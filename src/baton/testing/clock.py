"""The clock of an engine, and the durations and times that tests write."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias

from baton.domain.durations import EXAMPLES, parse_duration
from baton.protocols.iso_time import parse_time

Duration: TypeAlias = str | int | timedelta
"""A text such as `"30s"` or `"3h"`, milliseconds, or a `timedelta`."""
Moment: TypeAlias = str | datetime
"""An ISO 8601 text with a UTC offset, or an aware `datetime`."""


class HostClock(Protocol):
    """The clock of the host that an engine works with; times are ms since the epoch."""

    def now(self) -> int:
        """Return the time."""
        ...

    async def move_to(self, at: int) -> None:
        """Move the clock, and stop at each due time on the way."""
        ...


class EngineClock:
    """The time of an engine. It moves only when a test moves it, or waits for a run."""

    def __init__(self, host: HostClock, opened: Callable[[], Awaitable[object]]) -> None:
        self._host = host
        self._opened = opened

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.fromtimestamp(self._host.now() / 1_000, UTC)

    async def advance(self, duration: Duration) -> None:
        """Move the clock by `duration`, and stop at each due time on the way."""
        await self._opened()
        await self._host.move_to(self._host.now() + duration_ms(duration))

    async def to(self, moment: Moment) -> None:
        """Move the clock to `moment`; raises ValueError if it is past."""
        await self._opened()
        at = moment_ms(moment)
        if at < self._host.now():
            raise ValueError(f"{moment} is past: the clock shows {self.now().isoformat()}")
        await self._host.move_to(at)


def duration_ms(duration: Duration) -> int:
    """Return the milliseconds of a duration; raises ValueError."""
    if isinstance(duration, timedelta):
        found: int | None = round(duration / timedelta(milliseconds=1))
    else:
        found = parse_duration(duration)
    if found is None or found < 0:
        raise ValueError(f"{duration!r} isn't a duration, such as {EXAMPLES}, or a timedelta")
    return found


def moment_ms(moment: Moment) -> int:
    """Return milliseconds since the epoch; raises ValueError for a time without an offset."""
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no time zone: add tzinfo=UTC")
        return round(moment.timestamp() * 1_000)
    try:
        return parse_time(moment)
    except ValueError:
        message = f"{moment!r} isn't a time with a UTC offset, such as 2026-01-01T09:00:00+01:00"
        raise ValueError(message) from None
