"""The API role: commands and queries over HTTP, in every dialect."""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from baton.command_api.app import make_app
from baton.command_api.live.live_feed import LiveFeed
from baton.command_api.services import Services
from baton.http_services import Credentials, build_credentials, build_services
from baton.metrics.families import gauge
from baton.role import RoleContext


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRole:
    """Handles requests; the server that listens belongs to the process."""

    services: Services
    credentials: Credentials

    def app(self) -> web.Application:
        """Return the application with the routes of every dialect and Baton's own."""
        return make_app(self.services)

    async def run(self) -> None:
        """Follow the log for open streams, refresh the known credentials, and record refusals.

        Requests drive all other handlers.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self.services.live.run())
            group.create_task(self.credentials.run())
            group.create_task(self.services.accesses.run())

    async def stop(self) -> None:
        """End backtests and verifications; save the last uses of API keys and the last refusals.

        The server is already closed, so no request is in progress.
        """
        await self.services.backtests.close()
        await self.services.verifications.close()
        await self.services.accesses.save()
        await self.credentials.api_keys.save_uses()

    def export(self, metrics: CollectorRegistry) -> None:
        """Register the numbers of streams and of stuck runs; the application registers its own."""
        metrics.register(_StreamMetrics(self.services.live))
        metrics.register(_StuckRuns(self.services.stuck_runs))


def build(context: RoleContext) -> ApiRole:
    """Build the API role; raises MissingJwtSecret."""
    credentials = build_credentials(context)
    services = build_services(context, credentials, takes_commands=True)
    return ApiRole(services=services, credentials=credentials)


class _StreamMetrics(Collector):
    def __init__(self, live: LiveFeed) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        yield gauge("live_streams", "Streams of live events that are open", self._live.subscribers)
        ended = CounterMetricFamily(
            "baton_live_streams_ended",
            "Streams of live events that ended, by reason",
            labels=("reason",),
        )
        for reason, count in self._live.ended.items():
            ended.add_metric((reason,), count)
        yield ended


class _StuckRuns(Collector):
    def __init__(self, runs: Collection[str]) -> None:
        self._runs = runs

    def collect(self) -> Iterator[Metric]:
        yield gauge(
            "runs_found_stuck",
            "Runs that no recorded event, call or timer will move",
            len(self._runs),
        )
