"""Kafka carries messages between the processes that share a store: events out, messages in and out.

It is a transport and no more. The store is the truth, so that what Kafka loses or repeats can be
sent again; no transaction of Kafka's is used.
"""

from collections.abc import Sequence

from baton.eventlog.ports.backend import Extra, Stores
from baton.eventlog.ports.transport import Transport, TransportLocation


async def _attach(stores: Stores, route: TransportLocation) -> Stores:
    from baton.backends.kafka.stores import attach

    return await attach(stores, route)


async def _migrate(route: TransportLocation) -> Sequence[str]:
    from baton.backends.kafka.stores import create_topics

    return await create_topics(route)


TRANSPORT = Transport(
    name="kafka",
    schemes=("kafka",),
    address="kafka://HOST:PORT",
    attach=_attach,
    migrate=_migrate,
    extra=Extra(name="kafka", driver="aiokafka", technology="Kafka"),
)
