"""Names of event streams: `tenant/kind/id`.

The tenant is part of the name, so that a lookup with another tenant's id finds nothing.
"""

from typing import NamedTuple


class StreamParts(NamedTuple):
    """A stream name taken apart."""

    tenant: str
    kind: str
    id: str


def stream_name(tenant: str, kind: str, ident: str) -> str:
    """Return the name of the stream of one aggregate of one tenant."""
    return f"{tenant}/{kind}/{ident}"


def stream_parts(name: str) -> StreamParts:
    """Return tenant, kind and id of a stream name; the id may contain slashes."""
    return StreamParts(*name.split("/", 2))
