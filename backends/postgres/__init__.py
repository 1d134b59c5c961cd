"""Stores in a PostgreSQL database that any number of processes share."""

from collections.abc import Sequence

from baton.eventlog.ports.archive import Archive
from baton.eventlog.ports.backend import Backend, Extra, StoreLocation, Stores
from baton.eventlog.ports.secrets import Resealed


async def _open(location: StoreLocation) -> Stores:
    from baton.backends.postgres.stores import open_stores

    return await open_stores(location)


async def _migrate(location: StoreLocation) -> Sequence[str]:
    from baton.backends.postgres.database import url_of
    from baton.backends.postgres.schema import migrate

    return await migrate(url_of(location))


async def _open_archive(location: StoreLocation) -> Archive:
    from baton.backends.postgres.events.archive import open_archive

    return await open_archive(location)


async def _reseal(location: StoreLocation) -> Resealed:
    from baton.backends.postgres.secrets import reseal

    return await reseal(location)


BACKEND = Backend(
    name="postgres",
    schemes=("postgresql",),
    address="postgresql://…",
    capabilities=frozenset(("durable", "shared")),
    open=_open,
    migrate=_migrate,
    reseal=_reseal,
    open_archive=_open_archive,
    extra=Extra(name="postgres", driver="asyncpg", technology="PostgreSQL"),
)
