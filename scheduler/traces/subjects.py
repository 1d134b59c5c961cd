"""Loads the data of a run's spans that its events lack: facts about its definition and source."""

from collections.abc import Sequence

from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.trigger import ByRerun
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.stores import EventStore
from baton.projector.definition_facts import KnownDefinitions
from baton.projector.traces.run_trace import RunTrace
from baton.projector.traces.span import Span
from baton.projector.traces.subject import Subject
from baton.protocols.trace_context import RunContext, run_context


class Subjects:
    """Loads subjects from `store`; `http_functions` are called over HTTP."""

    def __init__(self, store: EventStore, http_functions: frozenset[str] = frozenset()) -> None:
        self._store = store
        self._http_functions = http_functions
        self._definitions = KnownDefinitions(store)

    async def of(self, requested: RunRequested) -> Subject:
        """Return the subject of a run; raises `Unavailable`."""
        definition = await self._definitions.of(requested)
        return Subject(
            requested=requested,
            context=run_context(requested.run_id, requested.traceparent),
            slug=definition.slug,
            flat=definition.waits,
            http_functions=self._http_functions,
            source=await self._source_of(requested),
        )

    async def _source_of(self, requested: RunRequested) -> RunContext | None:
        """Return the trace context of the source run, None if the run isn't a rerun."""
        trigger = requested.trigger
        if not isinstance(trigger, ByRerun):
            return None
        events = await self._store.read(stream_name(requested.tenant, "run", trigger.run_id))
        source = events[0].event if events else None
        traceparent = source.traceparent if isinstance(source, RunRequested) else None
        return run_context(trigger.run_id, traceparent)


async def spans_of(subjects: Subjects, events: Sequence[Recorded]) -> list[Span]:
    """Return the finished spans of a run from all its events, in order; raises `Unavailable`."""
    trace = RunTrace(await subjects.of(events[0].event))
    return [span for one in events for span in trace.fold(one.event, one.version)]
