"""Requested runs that wait to be started, in turns by tenant.

When one tenant's runs fill the executor, the other tenants can still start a few extra runs.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from baton.domain.run.messages.run_events import RunRequested
from baton.eventlog.ports.partitions import OwnsStream
from baton.executor.tenant_queue import ExtraPlaces, TenantQueue, extra_places

StartRequested: TypeAlias = Callable[[str, RunRequested], "asyncio.Task[None] | None"]
"""Starts the run of a stream in a task and returns the task; None for a run that is live."""


class Backlog:
    """Starts requested runs at once, or when a task becomes free.

    Args:
        start: Called with the stream and the request of each run.
        full: Returns whether the executor has as many tasks as it may have.
        tasks: The number of those tasks.
        weights: Runs per turn by tenant; other tenants have the weight 1.
        held: Returns whether the server is held: no run starts then.

    Attributes:
        waiting: The streams and requests that wait.
    """

    def __init__(
        self,
        start: StartRequested,
        full: Callable[[], bool],
        *,
        tasks: int,
        weights: Mapping[str, int],
        held: Callable[[], bool],
    ) -> None:
        self._held = held
        self._start = start
        self._full = full
        self.waiting: TenantQueue[tuple[str, RunRequested]] = TenantQueue(weights)
        self._extra = ExtraPlaces(extra_places(tasks), weights)
        self._stopped = False

    def put(self, stream: str, requested: RunRequested) -> None:
        """Start a run, or keep its request until it can be started."""
        if self._stopped or self._held():
            self.waiting.add(requested.tenant, (stream, requested))
        elif not self._full():
            self._start(stream, requested)
        elif self._extra.take(requested.tenant):
            self._start_extra(stream, requested)
        else:
            self.waiting.add(requested.tenant, (stream, requested))

    def start_waiting(self) -> None:
        """Start waiting runs while tasks are free.

        Called when a task has ended, and when the server is released.
        """
        while self.waiting.size and not (self._stopped or self._held() or self._full()):
            next_start = self.waiting.take()
            if next_start is not None:
                self._start(*next_start[1])

    def remove(self, owns: OwnsStream) -> None:
        """Remove the requests of runs for which `owns` is true."""
        self.waiting.remove(lambda item: owns(item[0]))

    def stop(self) -> None:
        """Start no more runs."""
        self._stopped = True

    def _start_extra(self, stream: str, requested: RunRequested) -> None:
        """Start a run beyond the limit, in an extra place that its tenant holds."""
        tenant = requested.tenant
        task = self._start(stream, requested)
        if task is None:
            self._extra.give_back(tenant)
        else:
            task.add_done_callback(partial(self._on_extra_done, tenant))

    def _on_extra_done(self, tenant: str, _task: "asyncio.Task[None]") -> None:
        """Give the extra place of an ended task to the tenant's next run."""
        self._extra.give_back(tenant)
        if self._stopped or self._held() or not self._extra.take(tenant):
            return
        waiting = self.waiting.take_of(tenant)
        if waiting is None:
            self._extra.give_back(tenant)
        else:
            self._start_extra(*waiting)
