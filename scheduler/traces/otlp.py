"""Exports spans over OTLP/HTTP with OpenTelemetry's exporter, which an extra installs.

This module is imported only if traces are enabled.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    use_span,
)

from baton.eventlog.errors import Unavailable
from baton.projector.traces.span import Span
from baton.protocols.masking import masked_address

TIMEOUT_S: Final = 5.0
"""The timeout of one request to the collector, in seconds."""
NS_PER_MS: Final = 1_000_000
SERVICE: Final = "baton"
"""The default service name; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES override it."""

_KINDS: Final = {
    "server": SpanKind.SERVER,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
    "client": SpanKind.CLIENT,
}
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)


class OtlpExporter:
    """Sends spans to a collector; each request runs in a thread.

    Args:
        url: The full URL, such as http://collector:4318/v1/traces.
        version: The release of Baton, an attribute of the spans' resource.
        headers: The headers of each request; default: those in OTEL_EXPORTER_OTLP_HEADERS.
    """

    def __init__(self, url: str, *, version: str, headers: Mapping[str, str] | None = None) -> None:
        self._url = url
        self._exporter = OTLPSpanExporter(
            endpoint=url, headers=None if headers is None else dict(headers), timeout=TIMEOUT_S
        )
        self._resource = _resource(version)
        self._scope = InstrumentationScope("baton", version)

    async def export(self, spans: Sequence[Span]) -> None:
        """Send spans; raises `Unavailable` if the collector didn't accept them."""
        if await asyncio.to_thread(self._export, spans) is not SpanExportResult.SUCCESS:
            raise Unavailable(f"the collector at {masked_address(self._url)} accepted no spans")

    async def close(self) -> None:
        """End a running export, and release the connection."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _export(self, spans: Sequence[Span]) -> SpanExportResult:
        return self._exporter.export([self._readable(span) for span in spans])

    def _readable(self, span: Span) -> ReadableSpan:
        parent = span.parent_id
        return ReadableSpan(
            name=span.name,
            context=_context(span.trace_id, span.span_id),
            parent=_context(span.trace_id, parent, remote=span.remote_parent) if parent else None,
            resource=self._resource,
            attributes=span.attributes,
            events=[Event(one.name, one.attributes, one.at * NS_PER_MS) for one in span.events],
            links=[Link(_context(one.trace_id, one.span_id, remote=True)) for one in span.links],
            kind=_KINDS[span.kind],
            status=Status() if span.error is None else Status(StatusCode.ERROR, span.error),
            start_time=span.start * NS_PER_MS,
            end_time=max(span.start, span.end) * NS_PER_MS,
            instrumentation_scope=self._scope,
        )


@contextmanager
def within_span(trace_id: str, span_id: str, *, exported: bool) -> Iterator[None]:
    """Make a span of Baton the parent of the spans that functions begin in the block."""
    flags = _SAMPLED if exported else TraceFlags.get_default()
    context = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=flags)
    with use_span(NonRecordingSpan(context)):
        yield


def _context(trace_id: str, span_id: str, *, remote: bool = False) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), remote, _SAMPLED)


def _resource(version: str) -> Resource:
    """Return the resource of the spans: attributes of the environment, and Baton's defaults."""
    own = Resource({SERVICE_NAME: SERVICE, SERVICE_VERSION: version})
    given = Resource.create().attributes
    unnamed = str(given.get(SERVICE_NAME, "")).startswith("unknown_service")
    kept = {name: value for name, value in given.items() if not (unnamed and name == SERVICE_NAME)}
    return own.merge(Resource(kept))
