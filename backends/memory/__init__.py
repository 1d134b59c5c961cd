"""Stores in the memory of one process, for tests and for trying Baton out."""

from baton.eventlog.ports.backend import Backend, StoreLocation, Stores


async def _open(location: StoreLocation) -> Stores:
    from baton.backends.memory.stores import open_stores

    return await open_stores(location)


BACKEND = Backend(name="memory", schemes=("memory",), capabilities=frozenset(), open=_open)
