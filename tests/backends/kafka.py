"""How the conformance suites put this transport beside stores."""

from pathlib import Path

from baton.backends.kafka import TRANSPORT
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.transport import TransportLocation
from tests.servers.kafka import server_url, topic_prefix_for


def route_for(folder: Path) -> TransportLocation:
    """Return the topics that stand for `folder`, on the broker that all tests share."""
    prefix = topic_prefix_for(folder)
    return TransportLocation(url=server_url(), prefix=prefix, records=f"{prefix}records")


async def attach(stores: Stores, folder: Path) -> Stores:
    """Return `stores` with the topics of `folder` beside them."""
    return await TRANSPORT.attach(stores, route_for(folder))
