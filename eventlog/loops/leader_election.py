"""Leader election: the process that holds a lease works, the others wait for the lease.

A lease only avoids duplicate work. A former leader may still write for a moment; its writes do no
harm because ids are derived, appends carry expected versions, and checkpoints only grow.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import Final

from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.leases import Lease, Leases

LEASE_MS: Final = 5_000
"""The lifetime of a lease that isn't renewed, in ms: the time of a takeover after a crash."""
RENEW_MS: Final = 1_500
"""The interval in which the leader renews its lease, in ms."""
CANDIDATE_MS: Final = 1_000
"""The interval in which a waiting process tries to acquire the lease, in ms."""

_log = logging.getLogger("baton.leader_election")


class Leader:
    """Runs work in terms: whenever this process holds the lease `name`."""

    def __init__(self, leases: Leases, name: str, *, holder: str, clock: Clock) -> None:
        """Compete for the lease as `holder`, a name that no other process may use."""
        self._lease: Lease | None = None
        self._leases = leases
        self._name = name
        self._holder = holder
        self._clock = clock
        self._running: asyncio.Task[None] | None = None

    @property
    def leading(self) -> bool:
        """Whether this process holds the lease."""
        return self._lease is not None

    async def run(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run `work` whenever this process leads, until stopped or cancelled.

        Args:
            work: Called at the beginning of each term. It is cancelled when the lease is lost. If
                it raises `Unavailable` or returns, the term ends; any other exception is raised.

        The lease is released after the work has ended.
        """
        self._running = asyncio.create_task(self._take_turns(work))
        try:
            await asyncio.wait((self._running,))
        finally:
            await self.stop()
        if not self._running.cancelled():
            self._running.result()

    async def stop(self) -> None:
        """End the term; returns when the work has ended and the lease is released."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait((self._running,))

    async def _take_turns(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        while True:
            self._lease = await self._acquire()
            if self._lease is not None:
                _log.info("%s: leading, epoch %d", self._name, self._lease.epoch)
                try:
                    await self._turn(work, self._lease)
                finally:
                    lease, self._lease = self._lease, None
                    await self._release(lease)
            await self._clock.idle(CANDIDATE_MS)

    async def _turn(self, work: Callable[[], Coroutine[None, None, None]], lease: Lease) -> None:
        """Do the work until it ends or the lease is lost."""
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
        if _without_unavailable(error) is not None:
            raise error
        _log.warning("%s: interrupted: %r", self._name, error)

    async def _hold(self, lease: Lease) -> None:
        """Renew the lease until it is lost."""
        while True:
            await self._clock.idle(RENEW_MS)
            renewed = await self._acquire()
            if renewed is not None and renewed.epoch == lease.epoch:
                self._lease = lease = renewed
            elif renewed is not None or self._clock.now() >= lease.expires_at:
                _log.warning("%s: lost the lease of epoch %d", self._name, lease.epoch)
                return

    async def _acquire(self) -> Lease | None:
        """Return the lease, acquired or renewed; None on a failure or if another process has it."""
        try:
            return await self._leases.acquire(
                self._name, holder=self._holder, ttl_ms=LEASE_MS, at=self._clock.now()
            )
        except Unavailable as error:
            _log.warning("%s: can't acquire the lease: %s", self._name, error)
            return None

    async def _release(self, lease: Lease | None) -> None:
        try:
            if lease is not None:
                await self._leases.release(lease)
        except Unavailable as error:
            _log.warning("%s: can't release the lease, which will expire: %s", self._name, error)


class Elected(ABC):
    """A follower that runs in every process, and works only in the one that holds the lease."""

    def __init__(self, leases: Leases, name: str, *, holder: str, clock: Clock) -> None:
        """Compete for the lease `name` as `holder`, a name that no other process may use."""
        self._leader = Leader(leases, name, holder=holder, clock=clock)

    @property
    def leading(self) -> bool:
        """Whether this process holds the lease."""
        return self._leader.leading

    async def run(self) -> None:
        """Wait for the lease and work while it is held, until stopped or cancelled.

        Raises any error of the work except `Unavailable`, which ends the term.
        """
        await self._leader.run(self._lead)

    async def stop(self) -> None:
        """End the term and release the lease."""
        await self._leader.stop()

    @abstractmethod
    async def _lead(self) -> None:
        """Work for one term, until cancelled."""


def _without_unavailable(error: BaseException) -> BaseException | None:
    """Return the part of an error, which may be a group, that isn't `Unavailable`."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(Unavailable)[1]
    return None if isinstance(error, Unavailable) else error
