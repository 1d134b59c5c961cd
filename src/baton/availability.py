"""Waits for the servers that a process needs; the log says which one it waits for."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from baton.eventlog.errors import InUse, Misconfigured, Unavailable
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.role import Role

_START: Final = RetryPolicy(first_ms=200, max_ms=2_000, fatal=(Misconfigured, InUse))
"""Retries the start of a process; only errors that waiting can't solve end it."""
_RUN: Final = RetryPolicy(first_ms=200, max_ms=5_000)

_log = logging.getLogger("baton.services")


async def wait_for_stores(open_stores: Callable[[], Awaitable[Stores]], *, clock: Clock) -> Stores:
    """Open the stores as soon as their server answers; raises `Misconfigured` and `InUse`."""
    return await retry(
        open_stores, clock=clock, log=_log, doing="connecting to the store", policy=_START
    )


class LogContact:
    """Records whether the shared log has answered since this process started.

    A process that needs the log isn't ready before that. The parts that use the log retry through
    later outages themselves.

    Args:
        reach: Returns once the log has answered; raises `Unavailable`.
        clock: Sleeps between the attempts.
    """

    def __init__(self, reach: Callable[[], Awaitable[None]], *, clock: Clock) -> None:
        self._reach = reach
        self._clock = clock
        self._made = False

    async def wait(self) -> None:
        """Return when the log has answered."""
        await retry(
            self._reach, clock=self._clock, log=_log, doing="connecting to the log", policy=_RUN
        )
        self._made = True

    async def check(self) -> bool:
        """Return whether the log has answered: a check of /readyz."""
        return self._made


async def keep_running(name: str, role: Role, *, clock: Clock) -> None:
    """Run a role, and run it again whenever a server that it needs was unavailable."""

    async def run() -> None:
        try:
            await role.run()
        except BaseExceptionGroup as group:
            unavailable, rest = group.split(Unavailable)
            if unavailable is None or rest is not None:
                raise
            raise _first(unavailable) from group

    await retry(run, clock=clock, log=_log, doing=f"running the {name}", policy=_RUN)


async def stop_role(name: str, role: Role) -> None:
    """Stop a role; log the writes that an unavailable server prevents."""
    try:
        await role.stop()
    except Unavailable as error:
        _log.warning("the %s stops without its last writes: %s", name, error)


def _first(group: BaseExceptionGroup[Unavailable]) -> Unavailable:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, Unavailable) else Unavailable(str(error))
