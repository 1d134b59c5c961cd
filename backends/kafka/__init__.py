"""Kafka as the transport between processes that share a store.

It carries run events, record events, worker tasks and dead letters. The store is the source of
truth: messages that Kafka loses can be sent again, and repeated ones are dropped, so Kafka
transactions aren't used.
"""

from collections.abc import Sequence

from baton.eventlog.ports.backend import Extra, Stores
from baton.eventlog.ports.transport import Transport, TransportLocation


async def _attach(stores: Stores, location: TransportLocation) -> Stores:
    from baton.backends.kafka.stores import attach

    return await attach(stores, location)


async def _migrate(location: TransportLocation) -> Sequence[str]:
    from baton.backends.kafka.stores import create_topics

    return await create_topics(location)


async def _reach(location: TransportLocation) -> None:
    from baton.backends.kafka.stores import reach

    await reach(location)


TRANSPORT = Transport(
    name="kafka",
    schemes=("kafka",),
    address="kafka://HOST:PORT",
    attach=_attach,
    migrate=_migrate,
    reach=_reach,
    extra=Extra(name="kafka", driver="aiokafka", technology="Kafka"),
)
