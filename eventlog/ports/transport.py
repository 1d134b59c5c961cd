"""The port of transports, which carry the log of a shared store between processes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from baton.eventlog.ports.backend import Extra, Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportSecurity:
    """Encryption and authentication; the transport chooses defaults for missing values.

    The files are in PEM: the certificates of trusted authorities (by default those of the system),
    and the client's own certificate and key.
    """

    protocol: str | None = None
    sasl_mechanism: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportLocation:
    """The address of a transport, how to connect to it, and the names of its topics.

    `prefix` begins the names of Baton's own topics, `records` names the topic of record events.
    """

    url: str
    prefix: str = "baton."
    records: str = "baton.records"
    security: TransportSecurity = TransportSecurity()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """A technology that carries the log of a shared store, chosen by the scheme of an address.

    - `address` shows the form of its addresses in messages.
    - `attach` returns the given stores with the transport added; closing them closes both.
    - `migrate` creates missing topics and returns their names.
    - `reach` returns if the servers answer.
    - All raise `Unavailable`.
    """

    name: str
    schemes: tuple[str, ...]
    address: str
    attach: Callable[[Stores, TransportLocation], Awaitable[Stores]]
    migrate: Callable[[TransportLocation], Awaitable[Sequence[str]]]
    reach: Callable[[TransportLocation], Awaitable[None]]
    extra: Extra | None = None
