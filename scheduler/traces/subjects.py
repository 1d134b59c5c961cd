"""Loads what the spans of a run say beside its own events: facts of its definition and source."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.run.messages import RunRequested
from baton.domain.run.trigger import ByRerun
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.load import load
from baton.eventlog.ports.stores import EventStore
from baton.projector.traces.run_trace import RunTrace
from baton.projector.traces.span import Span
from baton.projector.traces.subject import Subject
from baton.protocols.trace_context import RunContext, run_context

MAX_DEFINITIONS: Final = 10_000
"""Versions of definitions whose facts are kept."""
_WAITING_KINDS: Final = frozenset(("delay", "sync"))


class Subjects:
    """Loads subjects from `store`; keeps the facts of definitions, which never change."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._facts: OrderedDict[tuple[str, str, int], tuple[str, bool]] = OrderedDict()

    async def of(self, requested: RunRequested) -> Subject:
        """Return the subject of a run; raises `Unavailable`."""
        slug, flat = await self._facts_of(requested)
        return Subject(
            requested=requested,
            context=run_context(requested.run_id, requested.traceparent),
            slug=slug,
            flat=flat,
            source=await self._source_of(requested),
        )

    async def _facts_of(self, requested: RunRequested) -> tuple[str, bool]:
        """Return the slug of the definition, and whether its runs may wait for long."""
        key = (requested.tenant, requested.definition_id, requested.version)
        found = self._facts.get(key)
        if found is not None:
            return found
        stream = stream_name(requested.tenant, DEFINITION.name, requested.definition_id)
        definition = (await load(self._store, DEFINITION, stream)).state
        body = definition.versions.get(requested.version)
        kinds = set() if body is None else {step.kind for step in body.graph.steps}
        facts = (definition.slug or requested.definition_id, not kinds.isdisjoint(_WAITING_KINDS))
        self._facts[key] = facts
        if len(self._facts) > MAX_DEFINITIONS:
            self._facts.popitem(last=False)
        return facts

    async def _source_of(self, requested: RunRequested) -> RunContext | None:
        """Return the place of the run that this one runs again, if it is a rerun."""
        trigger = requested.trigger
        if not isinstance(trigger, ByRerun):
            return None
        events = await self._store.read(stream_name(requested.tenant, "run", trigger.run_id))
        source = events[0].event if events else None
        traceparent = source.traceparent if isinstance(source, RunRequested) else None
        return run_context(trigger.run_id, traceparent)


async def spans_of(subjects: Subjects, events: Sequence[Recorded]) -> list[Span]:
    """Return the finished spans of a whole run, from all of its events in order.

    Raises `Unavailable`.
    """
    trace = RunTrace(await subjects.of(events[0].event))
    return [span for one in events for span in trace.fold(one.event, one.version)]
