"""The loop of every follower: reads the next events or messages and passes them to a handler.

The loop keeps no checkpoint; each follower saves its own together with its effects. A projector
commits the position in the transaction of its views; others save a checkpoint in `handle`, after
their appends.
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


class Positioned(Protocol):
    """An event or a message, with a position to name in log lines."""

    @property
    def position(self) -> object:
        """The position in the log or topic."""
        ...


P_co = TypeVar("P_co", bound=Positioned, covariant=True)
P = TypeVar("P", bound=Positioned)


class Followed(Protocol[P_co]):
    """A subscription to a log, or a consumer of a topic."""

    async def next(self) -> Sequence[P_co]:
        """Wait for and return the next items; acknowledges the items returned before."""
        ...

    async def close(self) -> None:
        """Leave the log or topic."""
        ...


RETRY = RetryPolicy(attempts=8)
"""A handler may fail seven times on the same events; `Unavailable` is retried without limit."""

_log = logging.getLogger("baton.follow")


async def follow(
    subscription: Followed[P],
    handle: Callable[[Sequence[P]], Awaitable[None]],
    *,
    clock: Clock,
    pace_ms: int = 0,
) -> None:
    """Pass all events or messages to `handle`, in order, until cancelled; closes `subscription`.

    A follower never skips events: a batch on which `handle` fails is passed again, with backoff.
    After too many failures the exception is raised, which ends the process.

    Args:
        handle: Called with each batch, one call at a time. It may get an event more than once.
        pace_ms: A pause after each batch, during which events gather for the next one.
    """
    try:
        while True:
            events = await _retry(subscription.next, clock, "reading the log")
            doing = f"handling events from position {events[0].position}"
            failpoint("before-handle")
            await _retry(partial(handle, events), clock, doing)
            failpoint("after-handle")
            if pace_ms:
                await clock.idle(pace_ms)
    finally:
        await asyncio.shield(subscription.close())


async def _retry(action: Callable[[], Awaitable[T]], clock: Clock, doing: str) -> T:
    return await retry(action, clock=clock, log=_log, doing=doing, policy=RETRY)
