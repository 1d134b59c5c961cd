"""Restarts services that end by themselves, as a process supervisor does in production."""

import asyncio
from collections import Counter

from tests.kit.eventually import eventually
from tests.servers.cluster import Cluster
from tests.servers.service import Service

POLL_S = 0.2


class Supervisor:
    """Restarts the services of a cluster, except those that a fault has suspended.

    `ended` counts the services that ended by themselves, by exit code and last log line.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.ended: Counter[str] = Counter()
        self._cluster = cluster
        self._suspended: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to restart services that end."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Restart no further service."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def suspend(self, service: Service) -> None:
        """Leave restarts of a service to the fault that ends it."""
        self._suspended.add(service.name)

    def resume(self, service: Service) -> None:
        """Restart a service again when it ends."""
        self._suspended.discard(service.name)

    def available(self, services: list[Service]) -> list[Service]:
        """Return the services that are up and not suspended by another fault."""
        return [one for one in services if one.name not in self._suspended and one.url]

    async def wait_until_all_ready(self, *, within_s: float) -> None:
        """Wait until every service answers that it is ready; each of them has `within_s`."""
        for one in self._cluster.services.values():

            async def is_ready(service: Service = one) -> bool:
                return bool(service.url) and await service.is_ready()

            await eventually(is_ready, within_s=within_s, every_s=POLL_S, explain=one.log_tail)

    async def _run(self) -> None:
        while True:
            for one in list(self._cluster.services.values()):
                if one.name not in self._suspended and one.process is not None and not one.alive:
                    exit_code = await one.wait()
                    last_line = one.log_tail().rstrip().rpartition("\n")[2]
                    self.ended[f"{one.verb} exited with {exit_code}: {last_line[-300:]}"] += 1
                    await one.launch()
            await asyncio.sleep(POLL_S)
