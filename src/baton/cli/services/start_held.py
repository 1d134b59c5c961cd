"""`baton dev --hold`: the server is held before its roles run."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baton.settings import Settings


async def hold_stored_server(settings: "Settings", *, subject: str) -> None:
    """Hold the server of the configured store; raises `InUse` and `Unavailable`."""
    from baton.domain.actor import Actor
    from baton.eventlog.clock import SystemClock
    from baton.eventlog.loops.server_hold import ServerHold
    from baton.stores import open_stores

    stores, clock = await open_stores(settings), SystemClock()
    try:
        hold = ServerHold(stores.events, stores.checkpoints, clock)
        await hold.begin(Actor(subject, "token"), at=clock.now(), reason=None)
    finally:
        await stores.close()
