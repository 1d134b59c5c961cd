"""Repeats an action until it succeeds, with a growing delay between the attempts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from baton.domain.frozen import frozen
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.clock import Clock

T = TypeVar("T")


@frozen
class RetryPolicy:
    """The errors that are retried, the delays between attempts, and the end of the retries.

    The delay starts at `first_ms` and is multiplied by `factor` up to `max_ms`. A `transient` error
    is retried without limit, or until `give_up_after_s` have passed since the first attempt. A
    `fatal` error is raised at once, even if it is transient too. Any other exception is raised when
    it makes the `attempts`-th such failure.
    """

    first_ms: int = 50
    max_ms: int = 5_000
    factor: int = 2
    transient: tuple[type[Exception], ...] = (Unavailable,)
    fatal: tuple[type[Exception], ...] = ()
    attempts: int = 1
    give_up_after_s: float | None = None


FOREVER = RetryPolicy()
"""Retries `Unavailable` without limit; any other exception is raised at once."""


async def retry(
    action: Callable[[], Awaitable[T]],
    *,
    clock: Clock,
    log: logging.Logger,
    doing: str,
    policy: RetryPolicy = FOREVER,
) -> T:
    """Return the result of the first attempt that succeeds.

    Args:
        action: Called once per attempt, on the event loop of the caller.
        clock: Sleeps between the attempts.
        log: Gets one warning per failed attempt.
        doing: A description of the action, as the subject of that warning: "reading the log".
        policy: Decides whether and when there is a next attempt.

    Raises the error of the last attempt.
    """
    began_s = asyncio.get_running_loop().time()
    delay_ms, failures = policy.first_ms, 0
    while True:
        try:
            return await action()
        except policy.fatal:
            raise
        except policy.transient as error:
            _raise_if_late(error, began_s, delay_ms, policy)
            reason = str(error) or repr(error)
            log.warning("%s failed, retrying in %d ms: %s", doing, delay_ms, reason)
        except Exception:
            failures += 1
            if failures >= policy.attempts:
                raise
            log.warning(
                "%s failed (attempt %d), retrying in %d ms",
                doing,
                failures,
                delay_ms,
                exc_info=True,
            )
        await clock.idle(delay_ms)
        delay_ms = min(delay_ms * policy.factor, policy.max_ms)


def _raise_if_late(error: Exception, began_s: float, delay_ms: int, policy: RetryPolicy) -> None:
    if policy.give_up_after_s is None:
        return
    elapsed_s = asyncio.get_running_loop().time() - began_s
    if elapsed_s + delay_ms / 1_000 > policy.give_up_after_s:
        raise error
