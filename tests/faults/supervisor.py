"""Starts again what ended by itself, as whoever runs services in earnest has them restarted."""

import asyncio
from collections import Counter

from tests.servers.cluster import Cluster
from tests.servers.service import Service

LOOK_S = 0.2
AGAIN_S = 0.5


class Supervisor:
    """Looks after the services of a cluster, but for those that a fault holds down.

    `ended` counts those that ended without having been killed, by what they said last.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.ended: Counter[str] = Counter()
        self._cluster = cluster
        self._held: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look after them."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Let them be."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def hold(self, service: Service) -> None:
        """Leave it to the one who kills it."""
        self._held.add(service.name)

    def leave(self, service: Service) -> None:
        """Look after it again."""
        self._held.discard(service.name)

    def free(self, services: list[Service]) -> list[Service]:
        """Return those that no fault has in hand and that are up."""
        return [one for one in services if one.name not in self._held and one.url]

    async def all_up(self, *, within_s: float) -> None:
        """Wait until every service is up and says it is of use; raises AssertionError."""
        for one in self._cluster.services.values():
            try:
                async with asyncio.timeout(within_s):
                    await self._up(one)
            except TimeoutError:
                raise AssertionError(f"{one.name} is not ready: {one.log_tail()}") from None

    async def _up(self, service: Service) -> None:
        while True:
            if service.url and await service.is_ready():
                return
            await asyncio.sleep(LOOK_S)

    async def _run(self) -> None:
        while True:
            for one in list(self._cluster.services.values()):
                if one.name not in self._held and one.process is not None and not one.alive:
                    exited = await one.wait()
                    last = one.log_tail().rstrip().rpartition("\n")[2]
                    self.ended[f"{one.verb} exited with {exited}: {last[-300:]}"] += 1
                    await one.launch()
            await asyncio.sleep(LOOK_S)
