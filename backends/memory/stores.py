"""Opens the stores of the memory backend."""

from baton.backends.memory.api_key_uses import MemoryApiKeyUses
from baton.backends.memory.artifacts import MemoryArtifacts
from baton.backends.memory.checkpoints import MemoryCheckpoints
from baton.backends.memory.dead_letters import MemoryDeadLetters
from baton.backends.memory.event_store import MemoryEventStore
from baton.backends.memory.idempotency import MemoryIdempotencyKeys
from baton.backends.memory.leaf_store import MemoryLeafStore
from baton.backends.memory.leases import MemoryLeases
from baton.backends.memory.secrets import MemorySecrets
from baton.backends.memory.topics import MemoryTopics
from baton.backends.memory.view_sets import MemoryViewSets
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.secret_cipher import SecretCipher


async def open_stores(location: StoreLocation) -> Stores:
    """Return new, empty stores; their data end with the process."""
    events, sets, histories = MemoryEventStore(), MemoryViewSets(), MemoryViewSets()
    return Stores(
        events=events,
        commits=events.commits,
        log=events.log,
        views=sets.live,
        view_sets=sets,
        history=histories.live,
        histories=histories,
        checkpoints=MemoryCheckpoints(),
        keys=MemoryIdempotencyKeys(),
        leases=MemoryLeases(),
        secrets=MemorySecrets(SecretCipher(location.secrets_keys)),
        artifacts=MemoryArtifacts(),
        leaves=MemoryLeafStore(events.recorder),
        api_key_uses=MemoryApiKeyUses(),
        dead_letters=MemoryDeadLetters(),
        topics=MemoryTopics(),
        close=events.close,
    )
