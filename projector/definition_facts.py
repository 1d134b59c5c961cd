"""Facts about the definitions of runs, for metrics and traces; cached, as they never change."""

from collections import OrderedDict
from typing import Final

from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.frozen import frozen
from baton.domain.run.messages.run_events import RunRequested
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from baton.eventlog.ports.stores import EventStore

MAX_VERSIONS: Final = 10_000
"""The number of versions whose facts are cached."""
_WAITING_KINDS: Final = frozenset(("delay", "sync"))


@frozen
class DefinitionFacts:
    """Facts about one version of a definition.

    Attributes:
        slug: The slug of the definition; its id, if it has none.
        waits: Whether the version has a delay or a synchronization point, so that a run may take
            long.
    """

    slug: str
    waits: bool


class KnownDefinitions:
    """Reads facts from `store` and caches them."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._known: OrderedDict[tuple[str, str, int], DefinitionFacts] = OrderedDict()

    async def of(self, requested: RunRequested) -> DefinitionFacts:
        """Return the facts about the definition's version of a run; raises `Unavailable`."""
        key = (requested.tenant, requested.definition_id, requested.version)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = await self._read(requested)
            if len(self._known) > MAX_VERSIONS:
                self._known.popitem(last=False)
        return found

    async def _read(self, requested: RunRequested) -> DefinitionFacts:
        stream = stream_name(requested.tenant, DEFINITION.name, requested.definition_id)
        definition = (await load(self._store, DEFINITION, stream)).state
        body = definition.versions.get(requested.version)
        kinds = set() if body is None else {step.kind for step in body.graph.steps}
        return DefinitionFacts(
            slug=definition.slug or requested.definition_id,
            waits=not kinds.isdisjoint(_WAITING_KINDS),
        )
