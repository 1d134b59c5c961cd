"""Runs the verifications of the log that administrators request, one at a time.

The result is an event. If its process ends first, a verification has no result; its state says so
once `LIMIT_MS` has passed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from baton.domain.stream import stream_name
from baton.domain.verification.decisions import DECIDER as VERIFICATION
from baton.domain.verification.messages import (
    Command,
    Finding,
    ReportFailure,
    ReportFinding,
    RequestVerification,
)
from baton.domain.verification.state import LIMIT_MS, State
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import CommandResult, transact
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import EventStore

Progress: TypeAlias = Callable[[int, int], None]
"""Callback(position checked, last position)."""
Verify: TypeAlias = Callable[[Progress], Awaitable[Finding]]
"""Verifies the store and calls back with its progress; raises `Unavailable`."""

STOPPED: Final = "The server stopped before the verification ended"

_log = logging.getLogger("baton.audit")


class Verifications:
    """The verifications of one process.

    Args:
        store: Takes the requests and the results.
        verify: Verifies the store behind it.
        clock: Dates the results.
    """

    def __init__(self, store: EventStore, verify: Verify, clock: Clock) -> None:
        self._store, self._verify, self._clock = store, verify, clock
        self._turn = asyncio.Lock()
        self._running: dict[str, tuple[str, asyncio.Task[None]]] = {}
        self._reached: dict[str, tuple[int, int]] = {}

    def running(self, tenant: str) -> str | None:
        """Return the id of the tenant's verification that runs here, None if none runs."""
        running = self._running.get(tenant)
        return None if running is None else running[0]

    def progress(self, ident: str) -> tuple[int, int] | None:
        """Return the position that a verification has reached here, and the last to check."""
        return self._reached.get(ident)

    async def request(self, command: RequestVerification) -> CommandResult[State]:
        """Record a request and begin the verification; raises `Unavailable`.

        A repeated request begins nothing. No verification of the tenant may be running here.
        """
        tenant, ident = command.tenant, command.verification_id
        result = await transact(self._store, VERIFICATION, _stream(tenant, ident), command)
        if result.recorded:
            task = asyncio.create_task(self._run(tenant, ident), name="verification")
            self._running[tenant] = (ident, task)
        return result

    async def get(self, tenant: str, ident: str) -> State:
        """Return a verification, the initial state if there is none; raises `Unavailable`."""
        return (await load(self._store, VERIFICATION, _stream(tenant, ident))).state

    async def close(self) -> None:
        """End running verifications, which then have failed."""
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, tenant: str, ident: str) -> None:
        def on_progress(position: int, last: int) -> None:
            self._reached[ident] = position, last

        try:
            async with self._turn, asyncio.timeout(LIMIT_MS / 1_000):
                finding = await self._verify(on_progress)
            command: Command = ReportFinding(finding=finding, at=self._clock.now())
        except asyncio.CancelledError:
            command = ReportFailure(reason=STOPPED, at=self._clock.now())
        except TimeoutError:
            command = ReportFailure(reason="It took too long", at=self._clock.now())
        except Unavailable as error:
            command = ReportFailure(reason=str(error), at=self._clock.now())
        finally:
            self._running.pop(tenant, None)
            self._reached.pop(ident, None)
        try:
            await transact(self._store, VERIFICATION, _stream(tenant, ident), command)
        except Unavailable as error:
            _log.warning("the result of verification %s isn't recorded: %s", ident, error)


def _stream(tenant: str, ident: str) -> str:
    return stream_name(tenant, VERIFICATION.name, ident)
