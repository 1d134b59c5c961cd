"""Opens the store and the transport of the settings, with what the roles of a process need."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal, TypeAlias

from baton.backend_choice import backend_of, transport_of
from baton.command_api.live.run_events import RUN_EVENTS
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.ports.transport import TransportLocation, TransportSecurity
from baton.keys import seal_keys
from baton.role import RoleName
from baton.scheduler.bulks.bulks import FOLLOWED_EVENTS as BULK_EVENTS
from baton.scheduler.deliveries.deliveries import FOLLOWED_EVENTS as DELIVERY_EVENTS
from baton.scheduler.scheduler import FOLLOWED_EVENTS
from baton.settings import Settings

Sealing: TypeAlias = Literal["all", "reading", "none"]
"""The use of stored secrets by a process."""

_FOLLOWED: Final[Mapping[frozenset[RoleName], frozenset[type]]] = {
    frozenset(("scheduler",)): FOLLOWED_EVENTS | DELIVERY_EVENTS | BULK_EVENTS,
    frozenset(("api",)): RUN_EVENTS,
}
"""The event classes that a process with only these roles follows; any other process follows all."""


async def open_shared(settings: Settings, roles: frozenset[RoleName] = frozenset()) -> Stores:
    """Open the configured store and attach the configured transport, if there is one.

    The log skips events that none of `roles` follows. Raises `InUse` and `Unavailable`.
    """
    transport = transport_of(settings.log)
    stores = await open_stores(settings, followed=_FOLLOWED.get(roles), sealing=_sealing_of(roles))
    if transport is None:
        return stores
    try:
        return await transport.attach(stores, transport_location(settings))
    except BaseException:
        await stores.close()
        raise


async def open_stores(
    settings: Settings,
    *,
    read_only: bool = False,
    beside: bool = False,
    followed: frozenset[type] | None = None,
    sealing: Sealing = "all",
) -> Stores:
    """Open the configured store; raises `InUse` and `Unavailable`.

    Args:
        read_only: Change nothing; this is possible while another process writes.
        beside: Append a few events next to the process that uses the store, if there is one.
        followed: The event classes that the log must deliver, None for all.
        sealing: Whether stored secrets are read and written ("all"), only read, or not used: then
            no key is needed. A process that only reads them creates no key.
    """
    at = store_location(settings, sealing=sealing)
    location = replace(at, read_only=read_only, beside=beside, followed=followed)
    return await backend_of(settings.store_url).open(location)


def store_location(settings: Settings, *, sealing: Sealing = "none") -> StoreLocation:
    """Return the location of the configured store."""
    create = sealing == "all"
    return StoreLocation(
        secrets_keys=() if sealing == "none" else seal_keys(settings, create=create),
        folder=settings.data_folder,
        url=settings.store_url,
    )


def transport_location(settings: Settings) -> TransportLocation:
    """Return the address of the configured transport and the names of its topics."""
    password = settings.kafka_password
    return TransportLocation(
        url=settings.log,
        prefix=settings.topic_prefix,
        records=settings.records_topic,
        security=TransportSecurity(
            protocol=settings.kafka_security_protocol,
            sasl_mechanism=settings.kafka_sasl_mechanism,
            username=settings.kafka_username,
            password=None if password is None else password.get_secret_value(),
            ca_file=settings.kafka_ca_file,
            cert_file=settings.kafka_cert_file,
            key_file=settings.kafka_key_file,
        ),
    )


def _sealing_of(roles: frozenset[RoleName]) -> Sealing:
    """Return the use of secrets: the API stores and checks them, the scheduler signs with them."""
    if "api" in roles:
        return "all"
    return "reading" if "scheduler" in roles else "none"
