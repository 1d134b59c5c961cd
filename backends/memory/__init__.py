"""Everything in this process's memory: for tests, and for trying Baton out."""

from backends.memory.checkpoints import MemoryCheckpoints
from backends.memory.dead_letters import MemoryDeadLetters
from backends.memory.event_store import MemoryEventStore
from backends.memory.idempotency import MemoryIdempotencyKeys
from backends.memory.leases import MemoryLeases
from backends.memory.secrets import MemorySecrets
from backends.memory.topics import MemoryTopics
from backends.memory.view_store import MemoryViewStore
from eventlog.backend import Backend, Place, Stores
from eventlog.sealing import Sealer


async def _open(place: Place) -> Stores:
    events = MemoryEventStore()
    return Stores(
        events=events,
        log=events.log,
        views=MemoryViewStore(),
        checkpoints=MemoryCheckpoints(),
        keys=MemoryIdempotencyKeys(),
        leases=MemoryLeases(),
        secrets=MemorySecrets(Sealer(place.sealing_key)),
        dead_letters=MemoryDeadLetters(),
        topics=MemoryTopics(),
        close=events.close,
    )


BACKEND = Backend(name="memory", capabilities=frozenset(), open=_open)
