"""Verifies that the bytes of an artifact have the hash that names them."""

from baton.eventlog.errors import Unreadable, Unwritable
from baton.protocols.canonical_json import digest


def require_hash(sha256: str, raw: bytes) -> None:
    """Raise `Unwritable` unless `sha256` is the hash of `raw`."""
    if digest(raw) != sha256:
        raise Unwritable(f"artifact {sha256}: its bytes have another hash")


def required(tenant: str, sha256: str, raw: bytes | None) -> bytes:
    """Return `raw`; raises `Unreadable` if it is None or damaged."""
    if (value := verified(sha256, raw)) is None:
        raise Unreadable(f"artifact {sha256} of tenant {tenant} is missing")
    return value


def verified(sha256: str, raw: bytes | None) -> bytes | None:
    """Return `raw`; raises `Unreadable` if it isn't None and its hash isn't `sha256`."""
    if raw is not None and digest(raw) != sha256:
        raise Unreadable(f"artifact {sha256} is damaged: its bytes have another hash")
    return raw
