"""Chooses the backend or the transport that the scheme of an address names.

No other module of the product imports `baton.backends`.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TypeVar

from baton.backends import backends, transports
from baton.eventlog.ports.backend import Backend
from baton.eventlog.ports.transport import Transport

_Chosen = TypeVar("_Chosen", Backend, Transport)

IN_PROCESS = "memory"
"""The scheme of a log that stays inside one process and needs no transport."""


def backend_of(url: str) -> Backend:
    """Return the backend of a store's address.

    Raises LookupError for an unknown scheme, and when the driver isn't installed.
    """
    scheme = url.partition(":")[0]
    known = list(backends())
    for backend in known:
        if scheme in backend.schemes:
            return _with_driver(backend)
    raise LookupError(f"no store for {scheme}: — use {_alternatives(known)}")


def transport_of(url: str) -> Transport | None:
    """Return the transport of a log's address, None for `memory:`.

    Raises LookupError for an unknown scheme, and when the driver isn't installed.
    """
    scheme = url.partition(":")[0]
    if scheme == IN_PROCESS:
        return None
    known = list(transports())
    for transport in known:
        if scheme in transport.schemes:
            return _with_driver(transport)
    raise LookupError(f"no log for {scheme}: — use {IN_PROCESS}: or {_alternatives(known)}")


def is_embedded(url: str) -> bool:
    """Return whether a store's address names a file of a data folder; False if it is unknown."""
    scheme = url.partition(":")[0]
    return any(
        scheme in backend.schemes and "embedded" in backend.capabilities for backend in backends()
    )


def _with_driver(chosen: _Chosen) -> _Chosen:
    extra = chosen.extra
    if extra is not None and find_spec(extra.driver) is None:
        install = f"pip install 'baton-orchestrator[{extra.name}]'"
        raise LookupError(f"{extra.technology} needs an extra: {install}")
    return chosen


def _alternatives(known: Sequence[Backend] | Sequence[Transport]) -> str:
    return " or ".join(backend.address for backend in known if backend.address)
