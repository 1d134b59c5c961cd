"""The hold on the whole server, as each process of it sees the hold.

The hold is a stream of events. Its newest state is announced in a checkpoint that each process
reads several times a second. The number is twice the position of the event, plus 1 while the server
is held, so that it only grows, as checkpoints must.
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
LOOK_MS: Final = 200
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
        """Hold the server: within a second no process starts a step or fires a timer any more."""
        return await self._change(HoldServer(actor=actor, at=at, reason=reason))

    async def end(self, actor: Actor, *, at: int) -> CommandResult[State]:
        """Release the server: every process continues with due work."""
        return await self._change(ReleaseServer(actor=actor, at=at))

    async def state(self) -> State:
        """Return the stored state of the hold; raises `Unavailable`."""
        return (await load(self._events, DECIDER, STREAM)).state

    async def look(self) -> None:
        """Read the announced state; raises `Unavailable`."""
        self._set(held=await self._checkpoints.load(ANNOUNCED) % 2 == 1)

    async def first_look(self) -> None:
        """Read the state until the store answers: a process that starts must not miss a hold."""
        await retry(self.look, clock=self._clock, log=_log, doing="reading the hold on the server")

    async def run(self) -> None:
        """Read the announced state at intervals until cancelled."""
        while True:
            await self._clock.idle(LOOK_MS)
            try:
                await self.look()
            except Unavailable as error:
                _log.debug("the hold on the server is as it was at the last look: %s", error)

    async def until(self, *, held: bool) -> None:
        """Wait until the server is held, or until it is released."""
        while self.held is not held:
            await self._changed.wait()

    async def _change(self, command: Command) -> CommandResult[State]:
        """Append the change, announce it, and apply it; a repetition announces it once more."""
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
