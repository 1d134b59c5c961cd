"""Caches the graphs of definition versions. A version never changes, so no entry gets stale."""

from collections import OrderedDict
from typing import Final, Protocol

from baton.domain.definition.decisions import DECIDER
from baton.domain.definition.graph import Graph
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from baton.eventlog.ports.stores import EventStore

GRAPHS: Final = 10_000
"""The number of graphs that a cache keeps."""

_Key = tuple[str, str, int]


class Run(Protocol):
    """The facts of a run, folded or read from a view, that identify its graph."""

    @property
    def tenant(self) -> str:
        """The tenant of the run and of its definition."""
        ...

    @property
    def definition_id(self) -> str:
        """The definition's id."""
        ...

    @property
    def definition_version(self) -> int:
        """The version of the definition."""
        ...


class GraphCache:
    """Graphs by tenant, definition and version; the oldest entries are evicted first."""

    def __init__(self, store: EventStore) -> None:
        """Load missing graphs from `store`; keep about `GRAPHS` of them."""
        self._store = store
        self._graphs: OrderedDict[_Key, Graph] = OrderedDict()

    def cached(self, run: Run) -> Graph | None:
        """Return the graph of `run` if it is in the cache."""
        return self._graphs.get((run.tenant, run.definition_id, run.definition_version))

    async def get(self, run: Run) -> Graph:
        """Return the graph of `run`, loading its definition on a cache miss.

        Raises LookupError if the store has no such version, and `Unavailable`.
        """
        return self.cached(run) or await self._load(run)

    async def _load(self, run: Run) -> Graph:
        stream = stream_name(run.tenant, DECIDER.name, run.definition_id)
        definition = (await load(self._store, DECIDER, stream)).state
        for version, body in definition.versions.items():
            self._graphs[run.tenant, run.definition_id, version] = body.graph
        while len(self._graphs) > GRAPHS:
            self._graphs.popitem(last=False)
        return definition.versions[run.definition_version].graph
