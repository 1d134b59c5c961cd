"""The hold on the whole server, as seen by each of its processes.

The hold is an aggregate with one stream. A checkpoint announces its newest state, and each process
polls the checkpoint. Its value is twice the position of the event, plus 1 while the server is held,
because checkpoints can only increase.
"""

import asyncio
import logging
from typing import Final

from baton.domain.actor import Actor
from baton.domain.server_hold.decisions import DECIDER
from baton.domain.server_hold.messages import Command, HoldServer, ReleaseServer
from baton.domain.server_hold.state import State
from baton.domain.stream import SERVER, stream_name
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.load import load
from baton.eventlog.loops.retry import retry
from baton.eventlog.loops.transact import CommandResult, transact
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import Checkpoints, EventStore

STREAM: Final = stream_name(SERVER, DECIDER.name, "server")
"""The stream of the hold."""
ANNOUNCED: Final = "hold"
"""The checkpoint that announces the state of the hold."""
POLL_MS: Final = 200
"""The pause between two reads of the announcement, in ms."""

_log = logging.getLogger("baton.hold")


class ServerHold:
    """The hold on the server: its state, and its changes.

    Attributes:
        held: Whether the server was held at the last read.
    """

    def __init__(self, events: EventStore, checkpoints: Checkpoints, clock: Clock) -> None:
        self.held = False
        self._events, self._checkpoints, self._clock = events, checkpoints, clock
        self._changed = asyncio.Event()

    async def begin(self, actor: Actor, *, at: int, reason: str | None) -> CommandResult[State]:
        """Hold the server: after at most a second, no process starts a step or fires a timer."""
        return await self._change(HoldServer(actor=actor, at=at, reason=reason))

    async def end(self, actor: Actor, *, at: int) -> CommandResult[State]:
        """Release the server: every process continues with due work."""
        return await self._change(ReleaseServer(actor=actor, at=at))

    async def state(self) -> State:
        """Return the stored state of the hold; raises `Unavailable`."""
        return (await load(self._events, DECIDER, STREAM)).state

    async def refresh(self) -> None:
        """Read the announced state; raises `Unavailable`."""
        self._set(held=await self._checkpoints.load(ANNOUNCED) % 2 == 1)

    async def refresh_until_available(self) -> None:
        """Read the announced state, waiting for the store: a new process must not miss a hold."""
        doing = "reading the hold on the server"
        await retry(self.refresh, clock=self._clock, log=_log, doing=doing)

    async def run(self) -> None:
        """Read the announced state at intervals until cancelled."""
        while True:
            await self._clock.idle(POLL_MS)
            try:
                await self.refresh()
            except Unavailable as error:
                _log.debug("the hold on the server can't be read: %s", error)

    async def until(self, *, held: bool) -> None:
        """Wait until the server is held, or until it is released."""
        while self.held is not held:
            await self._changed.wait()

    async def _change(self, command: Command) -> CommandResult[State]:
        """Append the change, announce it and apply it; a repeated change is announced again."""
        result = await transact(self._events, DECIDER, STREAM, command)
        held = result.state.held is not None
        await self._checkpoints.save(ANNOUNCED, 2 * result.position + held)
        self._set(held=held)
        return result

    def _set(self, *, held: bool) -> None:
        if held is not self.held:
            self.held = held
            _log.info("the server is %s", "held: no step starts" if held else "released")
            self._changed.set()
            self._changed = asyncio.Event()
