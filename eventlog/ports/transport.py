"""What carries the log of a shared store between processes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from baton.eventlog.ports.backend import Extra, Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportLocation:
    """Where a transport is: its address, and the names of what it carries.

    `prefix` begins the names of Baton's own topics, `records` is the topic of record events.
    """

    url: str
    prefix: str = "baton."
    records: str = "baton.records"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """A technology that carries the log of a shared store, chosen by the scheme of an address.

    `address` is the form of its addresses that messages show.

    `attach` returns the stores with the transport beside them, closed together. `migrate` creates
    what is missing and returns the names of it; both raise `Unavailable`.
    """

    name: str
    schemes: tuple[str, ...]
    address: str
    attach: Callable[[Stores, TransportLocation], Awaitable[Stores]]
    migrate: Callable[[TransportLocation], Awaitable[Sequence[str]]]
    extra: Extra | None = None
