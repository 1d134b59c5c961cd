"""Request counts and durations by dialect and route, for /metrics."""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram

from baton.command_api.dialect.contract import Route

if TYPE_CHECKING:
    from typing import TypeAlias

    Endpoint: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class RequestMetrics:
    """Counts and times requests; labels name only dialect and route, so their number is bounded."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("dialect", "method", "route")
        self._answers = Counter(
            "baton_http_answers",
            "Requests that a handler answered",
            (*labels, "status"),
            registry=registry,
        )
        self._refused = Counter(
            "baton_http_refusals", "Requests that were refused or failed", labels, registry=registry
        )
        self._seconds = Histogram(
            "baton_http_seconds",
            "Seconds from a request's headers to its response",
            labels,
            registry=registry,
            buckets=_BUCKETS,
        )

    def measured(self, endpoint: "Endpoint", dialect: str, route: Route) -> "Endpoint":
        """Return `endpoint` wrapped so that every call is counted and timed."""
        labels = (dialect, route.method, route.path)
        refused, seconds = self._refused.labels(*labels), self._seconds.labels(*labels)
        answers: dict[int, Counter] = {}

        async def measure(request: web.Request) -> web.StreamResponse:
            began = time.perf_counter()
            try:
                response = await endpoint(request)
            except BaseException:
                refused.inc()
                raise
            finally:
                if not route.live:  # a stream lasts as long as its client wants
                    seconds.observe(time.perf_counter() - began)
            status = response.status
            if status not in answers:
                answers[status] = self._answers.labels(*labels, str(status))
            answers[status].inc()
            return response

        return measure
