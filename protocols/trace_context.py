"""W3C Trace Context: the `traceparent` header, and the ids of the spans of a run.

The ids of a run's spans are derived from the things that they name, so they are known before an
attempt runs, and stay the same after a restart.
"""

import re
from hashlib import blake2b
from typing import Final, Literal, TypeAlias

from baton.domain.frozen import frozen

_FORM: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<span>(?!0{16})[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})",
    re.ASCII,
)
_SAMPLED: Final = 1
"""The flag that the caller records its spans."""
_RATIO_BITS: Final = 64
"""The number of bits at the end of a trace id that are compared with the sampling ratio."""
_TRACE_BYTES: Final = 16
_SPAN_BYTES: Final = 8


@frozen
class RunContext:
    """The trace context of a run's spans: their trace, the root span, and the caller's span.

    Ids are hexadecimal digits: 32 of a trace, 16 of a span. `parent_id` is None for a run that
    begins its trace. `sampled` is whether the caller records its spans, None without a caller.
    """

    trace_id: str
    root_id: str
    parent_id: str | None = None
    sampled: bool | None = None


TraceParent: TypeAlias = Literal["child", "link"]
"""Whether a run belongs to its caller's trace, or has its own trace with a link to the caller."""


@frozen
class Caller:
    """The trace context of a caller: a run continues it, or is linked to it."""

    continued: str | None = None
    linked: str | None = None

    @classmethod
    def of(cls, traceparent: str | None, parent: TraceParent) -> "Caller":
        """Return the caller with this `traceparent`, which the run continues or is linked to."""
        return cls(continued=traceparent) if parent == "child" else cls(linked=traceparent)


NO_CALLER: Final = Caller()


@frozen
class Sampling:
    """Head sampling: exports the spans of a share of all traces, `ratio` (0 to 1).

    With `by_parent`, the decision of a caller takes precedence.
    """

    ratio: float = 1.0
    by_parent: bool = True

    def exports(self, context: RunContext) -> bool:
        """Return whether the spans of a run are exported; all runs of a trace get one decision."""
        if self.by_parent and context.sampled is not None:
            return context.sampled
        rightmost = int(context.trace_id[-_RATIO_BITS // 4 :], 16)
        return rightmost < self.ratio * (1 << _RATIO_BITS)


ALL_TRACES: Final = Sampling()
"""Exports every trace, except those whose caller doesn't record its spans."""


def is_traceparent(text: str) -> bool:
    """Return whether `text` is a `traceparent`; all-zero ids and version ff are invalid."""
    return _FORM.fullmatch(text) is not None


def span_named_by(text: str | None) -> tuple[str, str] | None:
    """Return the trace id and the span id of a `traceparent`, None for any other text."""
    match = None if text is None else _FORM.fullmatch(text)
    return None if match is None else (match["trace"], match["span"])


def trace_id_of(text: str | None) -> str | None:
    """Return the trace id of a `traceparent` (32 hex digits), None for any other text."""
    named = span_named_by(text)
    return None if named is None else named[0]


def derived_traceparent(run_id: str) -> str:
    """Return the `traceparent` of a run whose caller sent none; it names the run's own root."""
    return f"00-{_digest(_TRACE_BYTES, run_id)}-{_digest(_SPAN_BYTES, run_id)}-01"


def run_context(run_id: str, traceparent: str | None) -> RunContext:
    """Return the trace context of a run's spans, from its id and its recorded `traceparent`."""
    root_id = _digest(_SPAN_BYTES, run_id)
    match = None if traceparent is None else _FORM.fullmatch(traceparent)
    if match is None:
        return RunContext(trace_id=_digest(_TRACE_BYTES, run_id), root_id=root_id)
    if match["span"] == root_id:
        return RunContext(trace_id=match["trace"], root_id=root_id)
    return RunContext(
        trace_id=match["trace"],
        root_id=root_id,
        parent_id=match["span"],
        sampled=bool(int(match["flags"], 16) & _SAMPLED),
    )


def run_span_id(run_id: str, number: int) -> str:
    """Return the id of a span of the run, other than the root.

    Args:
        run_id: The run.
        number: How often the run has been reopened.
    """
    return _digest(_SPAN_BYTES, run_id, "run", str(number))


def attempt_span_id(run_id: str, step_id: str, visit: int, attempt: int) -> str:
    """Return the id of the span of one attempt."""
    return _digest(_SPAN_BYTES, run_id, step_id, str(visit), str(attempt))


def attempt_traceparent(context: RunContext, span_id: str, *, exported: bool) -> str:
    """Return the `traceparent` that makes spans children of the span `span_id` of a run."""
    return f"00-{context.trace_id}-{span_id}-{'01' if exported else '00'}"


def _digest(size: int, *parts: str) -> str:
    return blake2b("\x1f".join(parts).encode(), digest_size=size).hexdigest()
