"""The `confirm` of a preview: the position that it was made at, and a hash of all it showed."""

from hashlib import sha256
from typing import Final

from baton.domain.json import JsonObject
from baton.protocols.canonical_json import canonical

_DIGITS: Final = 32
"""Hexadecimal digits of the hash."""


def make_confirm(tenant: str, chosen: JsonObject, *, position: int, count: int) -> str:
    """Return the `confirm` of a choice of runs.

    Args:
        tenant: The tenant.
        chosen: The action, its options, and the filter or the ids.
        position: The position of the log as of which the runs were chosen.
        count: The number of runs.
    """
    shown = {"tenant": tenant, "chosen": chosen, "position": position, "count": count}
    return f"{position}-{sha256(canonical(shown)).hexdigest()[:_DIGITS]}"


def position_of(confirm: str) -> int:
    """Return the position of a `confirm`, whose form was checked."""
    return int(confirm.partition("-")[0])
