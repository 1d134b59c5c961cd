"""Names of event streams: `tenant/kind/id`.

The name contains the tenant, so a lookup of another tenant's id finds nothing.
"""

from typing import Final, NamedTuple

SERVER: Final = "_"
"""Replaces the tenant in names of streams that belong to the whole server; no tenant has this name.
"""


class StreamParts(NamedTuple):
    """The parts of a stream name."""

    tenant: str
    kind: str
    id: str


def stream_name(tenant: str, kind: str, ident: str) -> str:
    """Return the stream name of one aggregate of a tenant."""
    return f"{tenant}/{kind}/{ident}"


def stream_parts(name: str) -> StreamParts:
    """Return tenant, kind and id of a stream name; the id may contain slashes."""
    return StreamParts(*name.split("/", 2))
