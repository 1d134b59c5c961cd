"""Folds the events of the log into the spans to export.

Spans are exported as soon as they have ended. With tail sampling, the spans of a run are exported
when the run has ended.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Protocol

from baton.domain.frozen import frozen
from baton.domain.run.messages.run_events import RunRequested
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.stores import EventStore
from baton.projector.traces.keep import ENDS, Keep, kept_spans
from baton.projector.traces.run_trace import TRACED_EVENTS, RunTrace
from baton.projector.traces.span import Span
from baton.protocols.trace_context import ALL_TRACES, Sampling
from baton.scheduler.traces.subjects import Subjects

MAX_TRACES: Final = 10_000
"""The number of runs whose open spans are kept in memory; others are read from the store again."""


@frozen
class Exported:
    """The configuration of the export.

    Attributes:
        sampling: Chooses traces at the start of a run (head sampling).
        keep: Chooses runs at their end (tail sampling); None exports spans as soon as they end.
        http_functions: All names of functions that are called over HTTP.
    """

    sampling: Sampling = ALL_TRACES
    keep: Keep | None = None
    http_functions: frozenset[str] = frozenset()


class Folding(Protocol):
    """Folds events in the order of the log."""

    async def fold(self, recorded: Recorded) -> Sequence[Span]:
        """Return the spans to export after an event; raises `Unavailable`.

        After an error the caller folds the whole batch again, from its first event on.
        """
        ...


def folding_of(store: EventStore, exported: Exported) -> Folding:
    """Return the folding for this configuration; `store` holds the runs and their definitions."""
    loading = _Loading(store, exported)
    return _Immediate(loading) if exported.keep is None else _AtTheEnd(loading, exported.keep)


class _Loading:
    def __init__(self, store: EventStore, exported: Exported) -> None:
        self._store = store
        self._subjects = Subjects(store, exported.http_functions)
        self._sampling = exported.sampling

    async def before(self, recorded: Recorded) -> Sequence[Recorded]:
        """Return the events of the run before `recorded`; `recorded` itself if it is the first."""
        if recorded.version == 1:
            return (recorded,)
        return (await self._store.read(recorded.stream))[: recorded.version - 1]

    async def trace_of(self, requested: object) -> RunTrace | None:
        """Return a new fold for a run, given its first event; None if it isn't exported."""
        if not isinstance(requested, RunRequested):
            return None
        subject = await self._subjects.of(requested)
        return RunTrace(subject) if self._sampling.exports(subject.context) else None


class _Immediate:
    """Returns spans as soon as they end; caches the folds of unfinished runs."""

    def __init__(self, loading: _Loading) -> None:
        self._loading = loading
        self._traces: OrderedDict[str, RunTrace | None] = OrderedDict()  # by stream

    async def fold(self, recorded: Recorded) -> Sequence[Span]:
        if type(recorded.event) not in TRACED_EVENTS:
            return ()
        try:
            return await self._fold(recorded)
        except BaseException:
            self._traces.clear()  # they may include events of the batch, which is folded again
            raise

    async def _fold(self, recorded: Recorded) -> Sequence[Span]:
        stream = recorded.stream
        if stream in self._traces:
            trace = self._traces[stream]
        else:
            trace = self._traces[stream] = await self._load(recorded)
            if len(self._traces) > MAX_TRACES:
                self._traces.popitem(last=False)
        spans = [] if trace is None else trace.fold(recorded.event, recorded.version)
        if isinstance(recorded.event, ENDS) and (trace is None or trace.idle):
            del self._traces[stream]
        return spans

    async def _load(self, recorded: Recorded) -> RunTrace | None:
        """Return the fold of a run up to the event before; None if it isn't exported."""
        before = await self._loading.before(recorded)
        trace = await self._loading.trace_of(before[0].event)
        if trace is not None:
            for one in before:
                trace.fold(one.event, one.version)
        return trace


class _AtTheEnd:
    """Reads and folds a whole run when it ends, and keeps nothing in memory until then."""

    def __init__(self, loading: _Loading, keep: Keep) -> None:
        self._loading = loading
        self._keep = keep

    async def fold(self, recorded: Recorded) -> Sequence[Span]:
        if not isinstance(recorded.event, ENDS):
            return ()
        before = await self._loading.before(recorded)
        trace = await self._loading.trace_of(before[0].event)
        return () if trace is None else kept_spans(trace, (*before, recorded), self._keep)
