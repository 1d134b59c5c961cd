"""A worker as a process: on Kafka alone, for tasks are all it needs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from baton.backend_choice import backend_of, transport_of
from baton.eventlog.clock import SystemClock
from baton.eventlog.ports.backend import StoreLocation
from baton.executor.functions.registry import Registry
from baton.executor.workers.worker import Worker
from baton.settings import Settings
from baton.wiring import transport_location

NOWHERE = "workers get their tasks by Kafka: set BATON_LOG=kafka://HOST:PORT"


@asynccontextmanager
async def worker_of(
    settings: Settings, registry: Registry, *, concurrency: int
) -> AsyncIterator[Worker]:
    """Yield a worker with the functions of `registry`, ready to run.

    Raises LookupError where no log leads to executors, and `Unavailable`.
    """
    transport = transport_of(settings.log)
    if transport is None:
        raise LookupError(NOWHERE)
    no_store = await backend_of("memory:").open(StoreLocation(secrets_key=bytes(32)))
    stores = await transport.attach(no_store, transport_location(settings))
    try:
        if stores.topics is None:
            raise LookupError(NOWHERE)
        yield Worker(
            stores.topics,
            registry,
            prefix=settings.topic_prefix,
            clock=SystemClock(),
            concurrency=concurrency,
        )
    finally:
        await stores.close()
