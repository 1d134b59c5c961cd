"""The worker role: performs the tasks of queues, away from the executors."""

from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.topics import Topics
from baton.executor.functions.registry import Registry
from baton.executor.workers.worker import Worker
from baton.settings import Settings


def build(
    settings: Settings, topics: Topics, registry: Registry, *, clock: Clock, concurrency: int
) -> Worker:
    """Build a worker that performs up to `concurrency` tasks at once.

    It needs topics and functions, and no store.
    """
    return Worker(
        topics, registry, prefix=settings.topic_prefix, clock=clock, concurrency=concurrency
    )
