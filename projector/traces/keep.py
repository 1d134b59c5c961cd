"""Chooses, once runs have ended, those whose spans are exported."""

from collections.abc import Sequence

from baton.domain.frozen import frozen
from baton.domain.run.messages import RunCancelled, RunCompleted, RunFailed
from baton.eventlog.events.envelope import Recorded
from baton.projector.traces.run_trace import RunTrace
from baton.projector.traces.span import Span

ENDS = (RunCompleted, RunFailed, RunCancelled)
"""The events that end a run, until it is reopened."""


@frozen
class Keep:
    """Rules, each of which is enough to keep a run.

    Attributes:
        failed: Keeps runs that have failed.
        slower_ms: Keeps runs that took longer than this from their request, or from the moment at
            which they were reopened, to their end; None keeps none for its duration.
    """

    failed: bool = False
    slower_ms: int | None = None

    def keeps(self, *, failed: bool, took_ms: int) -> bool:
        """Return whether a run that ended so is kept."""
        return (self.failed and failed) or (self.slower_ms is not None and took_ms > self.slower_ms)


def kept_spans(trace: RunTrace, events: Sequence[Recorded], keep: Keep) -> list[Span]:
    """Return the spans that are to be exported now that a run has ended.

    They are all spans of the run, but for those that were exported at an earlier end of it. A run
    that was kept once is kept at each further end, so that its trace stays whole.

    Args:
        trace: The fold of the run, which has folded nothing.
        events: The events of the run up to the end.
        keep: The rules.
    """
    held: list[Span] = []
    exported: list[Span] = []
    kept = False
    for one in events:
        held += trace.fold(one.event, one.version)
        if isinstance(one.event, ENDS):
            course, failed = held[-1], isinstance(one.event, RunFailed)
            kept = kept or keep.keeps(failed=failed, took_ms=course.end - course.start)
            exported, held = (held, []) if kept else ([], held)
    return exported
