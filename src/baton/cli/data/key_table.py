"""API keys as rows of a table and as JSON, without their texts and hashes."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from baton.cli.terminal.output import in_terminal, print_note
from baton.cli.terminal.tables import Column, print_table
from baton.cli.terminal.times import shown_time
from baton.protocols.iso_time import format_time

if TYPE_CHECKING:
    from baton.projector.views.api_keys.view import Document

COLUMNS: Final = (
    Column(name="ID"),
    Column(name="TENANT", drop_order=4),
    Column(name="NAME", kind="short"),
    Column(name="SCOPES", kind="short", drop_order=2),
    Column(name="STATUS"),
    Column(name="CREATED", drop_order=1),
    Column(name="LAST USED", drop_order=5),
    Column(name="EXPIRES", drop_order=3),
)


def print_keys(keys: "Sequence[Document]", used: Mapping[str, int]) -> None:
    """Print a table of keys; `used` holds the last uses by id, in ms, UTC."""
    if not keys and in_terminal():
        print_note("No API keys: `baton apikey create` creates one.")
        return
    now = int(time.time() * 1_000)
    rows = (
        (
            key.id,
            key.tenant,
            key.name,
            " ".join(key.scopes),
            _status(key, now),
            shown_time(key.created_at, now),
            shown_time(used.get(key.id), now),
            shown_time(key.expires_at, now),
        )
        for key in keys
    )
    print_table(COLUMNS, rows)


def key_document(key: "Document", used: Mapping[str, int]) -> dict[str, Any]:
    """Return a key as JSON; `used` holds the last uses by id, in ms, UTC."""
    return {
        "id": key.id,
        "tenant": key.tenant,
        "name": key.name,
        "scopes": list(key.scopes),
        "groups": list(key.groups),
        "status": _status(key, int(time.time() * 1_000)),
        "createdAt": _time(key.created_at),
        "createdBy": key.created_by,
        "lastUsedAt": _time(used.get(key.id)),
        "expiresAt": _time(key.expires_at),
        "revokedAt": _time(key.revoked_at),
        "revokedBy": key.revoked_by,
    }


def _status(key: "Document", now: int) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and now >= key.expires_at else "active"


def _time(at: int | None) -> str | None:
    return None if at is None else format_time(at)
