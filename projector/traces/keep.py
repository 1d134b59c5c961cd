"""Tail sampling: chooses at the end of a run whether its spans are exported."""

from collections.abc import Sequence

from baton.domain.frozen import frozen
from baton.domain.run.messages.run_events import RunCancelled, RunCompleted, RunFailed
from baton.eventlog.events.envelope import Recorded
from baton.projector.traces.run_trace import RunTrace
from baton.projector.traces.span import Span

ENDS = (RunCompleted, RunFailed, RunCancelled)
"""The events that end a run; a retry may reopen it."""


@frozen
class Keep:
    """The rules for keeping a run; one matching rule is enough.

    Attributes:
        failed: Keeps runs that failed.
        slower_ms: Keeps runs that took longer than this, in ms, from their request or reopening to
            their end; None means no such rule.
    """

    failed: bool = False
    slower_ms: int | None = None

    def keeps(self, *, failed: bool, took_ms: int) -> bool:
        """Return whether a run with this end and duration is kept."""
        return (self.failed and failed) or (self.slower_ms is not None and took_ms > self.slower_ms)


def kept_spans(trace: RunTrace, events: Sequence[Recorded], keep: Keep) -> list[Span]:
    """Return the spans to export at the end of a run; none if the rules don't keep the run.

    Spans that were exported at an earlier end of a reopened run are left out. A run that was kept
    once is also kept at later ends, so that its trace is complete.

    Args:
        trace: A new fold of the run.
        events: The events of the run, up to the end.
        keep: The rules.
    """
    held: list[Span] = []
    exported: list[Span] = []
    kept = False
    for one in events:
        held += trace.fold(one.event, one.version)
        if isinstance(one.event, ENDS):
            run_span, failed = held[-1], isinstance(one.event, RunFailed)
            kept = kept or keep.keeps(failed=failed, took_ms=run_span.end - run_span.start)
            exported, held = (held, []) if kept else ([], held)
    return exported
