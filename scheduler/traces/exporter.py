"""The contract of an exporter of spans."""

from collections.abc import Sequence
from typing import Protocol

from baton.projector.traces.span import Span


class SpanExporter(Protocol):
    """Sends finished spans to a collector."""

    async def export(self, spans: Sequence[Span]) -> None:
        """Send spans; raises `Unavailable` if the collector didn't accept them.

        The collector may get a span more than once, with the same ids.
        """
        ...

    async def close(self) -> None:
        """End a running export, and release the connection."""
        ...
