"""The virtual time of `baton dev --virtual-time`."""

from baton.backend_choice import is_embedded, transport_of
from baton.cli.terminal.failures import Failed
from baton.eventlog.clock import SystemClock
from baton.eventlog.ports.backend import Stores
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.role import Replacements
from baton.settings import Settings

_MEMORY = "memory:"
SHARED = (
    "--virtual-time needs a store that only this process uses: the clock of a database or of"
    " Kafka can't be moved. Leave BATON_STORE and BATON_LOG out"
)


def check_virtual_time(settings: Settings) -> None:
    """Raise Failed for a store or a log that other processes share."""
    own = is_embedded(settings.store_url) or settings.store_url.startswith(_MEMORY)
    if not own or transport_of(settings.log) is not None:
        raise Failed(SHARED)


async def virtual_time_of(stores: Stores) -> Replacements:
    """Return a clock that begins at the machine's time, or at the newest event if that is later.

    An earlier process may have moved its clock; time never goes back in one store.
    """
    head = await stores.events.head()
    newest = await stores.events.read_all(after=head - 1, limit=1) if head else ()
    at = max((getattr(recorded.event, "at", 0) for recorded in newest), default=0)
    return Replacements(time=VirtualTime(max(SystemClock().now(), at), real_idle=True))
