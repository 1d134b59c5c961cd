"""Being the one of a name: waits for a lease, works while it lasts, hands it on.

A lease spares double work, no more. What its holder writes is kept apart from what a former holder
still writes by the writes themselves: derived ids, expected versions, checkpoints that only rise.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Final

from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.leases import Lease, Leases

LEASE_MS: Final = 5_000
RENEW_MS: Final = 1_500
CANDIDATE_MS: Final = 1_000
"""How often one that waits for its turn asks."""

_log = logging.getLogger("baton.leading")


class Leader:
    """Holds the lease `name` in turns; `holder` names this process, and no other at the time."""

    def __init__(self, leases: Leases, name: str, *, holder: str, clock: Clock) -> None:
        self.lease: Lease | None = None
        self._leases = leases
        self._name = name
        self._holder = holder
        self._clock = clock
        self._running: asyncio.Task[None] | None = None

    @property
    def leading(self) -> bool:
        """Whether it is this process's turn."""
        return self.lease is not None

    async def run(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do `work` during every turn, until stopped or cancelled; a turn's end cancels it.

        What `work` raises comes out, but for `Unavailable`, which ends the turn. The lease is given
        back when work has ended.
        """
        self._running = asyncio.create_task(self._take_turns(work))
        try:
            await asyncio.wait((self._running,))
        finally:
            await self.stop()
        if not self._running.cancelled():
            self._running.result()

    async def stop(self) -> None:
        """End the turn, and wait until work has ended and the lease is given back."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait((self._running,))

    async def _take_turns(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        while True:
            self.lease = await self._asked()
            if self.lease is not None:
                _log.info("%s: leading, epoch %d", self._name, self.lease.epoch)
                try:
                    await self._turn(work, self.lease)
                finally:
                    lease, self.lease = self.lease, None
                    await self._leave(lease)
            await self._clock.sleep(CANDIDATE_MS)

    async def _turn(self, work: Callable[[], Coroutine[None, None, None]], lease: Lease) -> None:
        """Work until that ends or the lease is lost."""
        working = asyncio.create_task(work())
        holding = asyncio.create_task(self._hold(lease))
        try:
            await asyncio.wait((working, holding), return_when=asyncio.FIRST_COMPLETED)
        finally:
            working.cancel()
            holding.cancel()
            await asyncio.wait((working, holding))
        if working.cancelled() or not (error := working.exception()):
            return
        if _rest_of(error) is not None:
            raise error
        _log.warning("%s: interrupted: %r", self._name, error)

    async def _hold(self, lease: Lease) -> None:
        """Renew the lease until it is lost."""
        while True:
            await self._clock.sleep(RENEW_MS)
            renewed = await self._asked()
            if renewed is not None and renewed.epoch == lease.epoch:
                self.lease = lease = renewed
            elif renewed is not None or self._clock.now() >= lease.expires_at:
                _log.warning("%s: epoch %d is over", self._name, lease.epoch)
                return

    async def _asked(self) -> Lease | None:
        """Return the lease, taken or renewed; None while it can't be had."""
        try:
            return await self._leases.acquire(
                self._name, holder=self._holder, ttl_ms=LEASE_MS, at=self._clock.now()
            )
        except Unavailable as error:
            _log.warning("%s: the lease can't be asked for: %s", self._name, error)
            return None

    async def _leave(self, lease: Lease | None) -> None:
        try:
            if lease is not None:
                await self._leases.release(lease)
        except Unavailable as error:
            _log.warning("%s: the lease runs out by itself: %s", self._name, error)


def _rest_of(error: BaseException) -> BaseException | None:
    """Return what of an error is not that something was unavailable."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(Unavailable)[1]
    return None if isinstance(error, Unavailable) else error
