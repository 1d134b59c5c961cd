"""Announces an executor's functions, and its number of waiting calls, in the shared store."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, assert_never

from baton.eventlog.errors import Unavailable
from baton.eventlog.known_functions import FunctionDirectory, KnownFunction
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.clock import Clock
from baton.executor.functions.registry import (
    BuiltIn,
    Function,
    HttpFunction,
    PythonFunction,
    QueueFunction,
    Registry,
)

RENEW_MS: Final = 20_000
TTL_MS: Final = 3 * RENEW_MS
"""The lifetime of an announcement, in ms: a killed executor stays listed for at most this time."""
REPORT_MS: Final = 1_000
"""The interval at which waiting calls are counted, in ms."""
_RETRY: Final = RetryPolicy(first_ms=1_000, max_ms=RENEW_MS)

_log = logging.getLogger("baton.executor")


@dataclass(slots=True, kw_only=True)
class Announcer:
    """Repeats the announcement of one executor, whose process is `holder`.

    Args:
        waiting: Returns how many calls of each tenant wait for a slot; a report is written only
            when the numbers have changed.
    """

    directory: FunctionDirectory
    holder: str
    functions: Sequence[KnownFunction]
    waiting: Callable[[], Mapping[str, int]]
    clock: Clock
    _reported: Mapping[str, int] | None = field(default=None, init=False)

    async def run(self) -> None:
        """Announce until cancelled, also after outages of the store."""
        announce = partial(self.directory.announce, self.holder, self.functions, ttl_ms=TTL_MS)
        doing = "announcing the functions"
        while True:
            await retry(announce, clock=self.clock, log=_log, doing=doing, policy=_RETRY)
            self._reported = None  # Another executor may have deleted an expired announcement.
            until = self.clock.now() + RENEW_MS
            while self.clock.now() < until:
                await self._report()
                await self.clock.idle(REPORT_MS)

    async def _report(self) -> None:
        """Report the waiting calls if their numbers have changed; an outage skips a report."""
        waiting = dict(self.waiting())
        if waiting == self._reported:
            return
        with suppress(Unavailable):
            await self.directory.report_waiting(self.holder, waiting)
            self._reported = waiting

    async def stop(self) -> None:
        """Withdraw the announcement; raises `Unavailable`."""
        await self.directory.withdraw(self.holder)


def known_functions(registry: Registry) -> tuple[KnownFunction, ...]:
    """Return the functions of a registry, without built-ins that a user's function hides."""
    functions: dict[str, KnownFunction] = {}
    for function in registry:  # a user's functions come first
        functions.setdefault(function.name, _known(function))
    return tuple(functions.values())


def _known(function: Function) -> KnownFunction:
    described = partial(KnownFunction, name=function.name, id=function.id, aliases=function.aliases)
    match function:
        case PythonFunction():
            return described(kind="python")
        case HttpFunction():
            return described(kind="http")
        case QueueFunction():
            return described(kind="queue", queue=function.queue)
        case BuiltIn():
            return described(kind="builtin")
        case _:
            assert_never(function)
