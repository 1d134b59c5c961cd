"""The port of transports, which carry the log of a shared store between processes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from baton.eventlog.ports.backend import Extra, Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportLocation:
    """The address of a transport, and the names of its topics.

    `prefix` begins the names of Baton's own topics, `records` names the topic of record events.
    """

    url: str
    prefix: str = "baton."
    records: str = "baton.records"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """A technology that carries the log of a shared store, chosen by the scheme of an address.

    `address` shows the form of its addresses in messages. `attach` returns the given stores with
    the transport added; closing them closes both. `migrate` creates missing topics and returns
    their names. Both raise `Unavailable`.
    """

    name: str
    schemes: tuple[str, ...]
    address: str
    attach: Callable[[Stores, TransportLocation], Awaitable[Stores]]
    migrate: Callable[[TransportLocation], Awaitable[Sequence[str]]]
    extra: Extra | None = None
