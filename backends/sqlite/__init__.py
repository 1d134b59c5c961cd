"""Stores in the files of a data folder.

baton.db holds the events, each views-N.db one set of the views, and history-N.db the data for reads
as of a position. One process at a time may write to a folder; other processes may read it, and
append a few events beside it.
"""

from baton.eventlog.ports.archive import Archive
from baton.eventlog.ports.backend import Backend, StoreLocation, Stores
from baton.eventlog.ports.secrets import Resealed


async def _open(location: StoreLocation) -> Stores:
    from baton.backends.sqlite.stores import open_stores

    return await open_stores(location)


async def _open_archive(location: StoreLocation) -> Archive:
    from baton.backends.sqlite.events.archive import open_archive

    return await open_archive(location)


async def _reseal(location: StoreLocation) -> Resealed:
    from baton.backends.sqlite.secrets import reseal

    return await reseal(location)


BACKEND = Backend(
    name="sqlite",
    schemes=("sqlite",),
    address="sqlite:///PATH",
    capabilities=frozenset(("durable", "embedded")),
    open=_open,
    reseal=_reseal,
    open_archive=_open_archive,
)
