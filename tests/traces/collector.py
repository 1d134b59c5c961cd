"""A collector on loopback that receives OTLP/HTTP as OpenTelemetry's own definitions decode it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

ERROR = Status.StatusCode.STATUS_CODE_ERROR


@dataclass
class Collector:
    """The spans that arrived, in order; while `down` is set, requests are refused."""

    url: str = ""
    down: bool = False
    refused: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    services: set[str] = field(default_factory=set)
    spans: list[Span] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        """Take the spans of a request."""
        raw = await request.read()
        if self.down:
            self.refused += 1
            return web.Response(status=500)
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        for resource in ExportTraceServiceRequest.FromString(raw).resource_spans:
            self.services.add(str(attributes(resource.resource)["service.name"]))
            for scope in resource.scope_spans:
                self.spans += scope.spans
        return web.Response()

    def named(self, name: str, trace_id: str = "") -> list[Span]:
        """Return the spans of a name, of one trace or all, each once, as they began."""
        of_trace = bytes.fromhex(trace_id)
        by_id = {
            one.span_id: one
            for one in self.spans
            if one.name == name and of_trace in (b"", one.trace_id)
        }
        return sorted(by_id.values(), key=lambda one: one.start_time_unix_nano)


def attributes(of: Any) -> dict[str, object]:
    """Return the attributes of a span, an event or a resource."""
    found = {}
    for one in of.attributes:
        found[one.key] = getattr(one.value, one.value.WhichOneof("value"))
    return found


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Run a collector until the block ends."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.receive)
    server = TestServer(app)
    await server.start_server()
    collector.url = str(server.make_url("")).rstrip("/")
    try:
        yield collector
    finally:
        await server.close()
