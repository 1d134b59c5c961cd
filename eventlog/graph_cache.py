"""The graphs of definition versions, kept because a version never changes."""

from collections import OrderedDict

from baton.domain.definition.decisions import DECIDER
from baton.domain.definition.graph import Graph
from baton.domain.run.state import State as Run
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from baton.eventlog.ports.stores import EventStore

_Key = tuple[str, str, int]


class GraphCache:
    """A bounded cache of graphs by tenant, definition and version."""

    def __init__(self, store: EventStore, *, size: int = 10_000) -> None:
        self._store = store
        self._size = size
        self._kept: OrderedDict[_Key, Graph] = OrderedDict()

    def known(self, run: Run) -> Graph | None:
        """Return the graph of `run` when it is at hand."""
        return self._kept.get((run.tenant, run.definition_id, run.definition_version))

    async def of(self, run: Run) -> Graph:
        """Return the graph of `run`, read from its definition's stream when it is not at hand.

        Raises LookupError when the store has no such version.
        """
        return self.known(run) or await self._load(run)

    async def _load(self, run: Run) -> Graph:
        stream = stream_name(run.tenant, DECIDER.name, run.definition_id)
        state = (await load(self._store, DECIDER, stream)).state
        for version, body in state.versions.items():
            self._kept[run.tenant, run.definition_id, version] = body.graph
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return state.versions[run.definition_version].graph
