"""Decides how long a server relies on what it has read about a key or a user.

That time ends `FRESH_MS` after this process began its last successful read of the announcements of
`baton.command_api.commands.access`, or after it read the access itself. A read that fails or is
late makes nothing valid for longer: each request then reads from the event store, and is refused
while that is unavailable. Decision 0026 has the reasons.
"""

import logging
from typing import Final, NamedTuple

from baton.command_api.commands.access import ACCESS
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import Checkpoints

LOOK_MS: Final = 200
"""The pause between two reads of the announcements, in ms."""
FRESH_MS: Final = 800
"""The age of a read, in ms, from which on nothing is used from memory."""
KEEP_MS: Final = 60_000
"""The time after which an access is read again although no change was announced, in ms.

It bounds the life of an access whose end was stored but not announced.
"""

_log = logging.getLogger("baton.api")


class Reading(NamedTuple):
    """A read of an access: the time before it, and the newest change that was announced then."""

    at: int
    change: int


class AccessWatch:
    """Reads announced changes of access; without its reads, each reading becomes old very soon."""

    def __init__(self, checkpoints: Checkpoints, clock: Clock) -> None:
        self._checkpoints, self._clock = checkpoints, clock
        self._change = -1
        self._looked_at = 0

    def begin(self) -> Reading:
        """Return the reading that begins now; call it before the events are read."""
        return Reading(self._clock.now(), self._change)

    def holds(self, reading: Reading, now: int) -> bool:
        """Return whether a reading still holds; it doesn't if the clock was set back."""
        if reading.change != self._change or now >= reading.at + KEEP_MS:
            return False
        return 0 <= now - max(reading.at, self._looked_at) < FRESH_MS

    async def look(self) -> None:
        """End every reading if a change was announced; raises `Unavailable`."""
        began = self._clock.now()
        announced = await self._checkpoints.load(ACCESS)
        self._change, self._looked_at = announced, began

    async def run(self) -> None:
        """Read the announcements until cancelled."""
        while True:
            try:
                await self.look()
            except Unavailable as error:
                _log.debug("accesses are read from the store meanwhile: %s", error)
            await self._clock.idle(LOOK_MS)
