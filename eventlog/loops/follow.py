"""Read, handle, go on: the only follow loop.

Where a follower stands is kept by what it writes: a projector commits the position with its views,
others save a checkpoint in `handle` once their effects are appended.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from baton.eventlog.failpoints import failpoint
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.clock import Clock

T = TypeVar("T")


class Placed(Protocol):
    """What stands at a place that a log line can name: an event, a message."""

    @property
    def position(self) -> object:
        """Where it stands."""
        ...


P_co = TypeVar("P_co", bound=Placed, covariant=True)
P = TypeVar("P", bound=Placed)


class Followed(Protocol[P_co]):
    """A follower's place in a log or in a topic: a subscription, a consumption."""

    async def next(self) -> Sequence[P_co]:
        """Wait for and return what is next; what was returned before is handled."""
        ...

    async def close(self) -> None:
        """Leave."""
        ...


RETRY = RetryPolicy(attempts=8)

_log = logging.getLogger("baton.follow")


async def follow(
    subscription: Followed[P],
    handle: Callable[[Sequence[P]], Awaitable[None]],
    *,
    clock: Clock,
    pace_ms: int = 0,
) -> None:
    """Hand every event (or message) to `handle`, in order, until cancelled.

    Events that `handle` fails on are handed over again, after a backoff; when that doesn't help its
    exception comes out, for the process to end by: a follower never skips. What is `Unavailable` is
    waited for. `handle` meets events more than once.

    After each batch it waits for `pace_ms`: what comes meanwhile makes one batch.
    """
    try:
        while True:
            events = await _retry(subscription.next, clock, "reading the log")
            doing = f"handling events from position {events[0].position}"
            failpoint("before-handle")
            await _retry(partial(handle, events), clock, doing)
            failpoint("after-handle")
            if pace_ms:
                await clock.sleep(pace_ms)
    finally:
        await asyncio.shield(subscription.close())


async def _retry(action: Callable[[], Awaitable[T]], clock: Clock, doing: str) -> T:
    return await retry(action, clock=clock, log=_log, doing=doing, policy=RETRY)
