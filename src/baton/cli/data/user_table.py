"""Users as rows of a table and as JSON, without the hashes of their passwords."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from baton.cli.terminal.output import in_terminal, print_note
from baton.cli.terminal.tables import Column, print_table
from baton.cli.terminal.times import shown_time
from baton.protocols.iso_time import format_time

if TYPE_CHECKING:
    from baton.projector.views.users.view import Document

COLUMNS: Final = (
    Column(name="NAME"),
    Column(name="TENANT", drop_order=3),
    Column(name="SCOPES", kind="short", drop_order=2),
    Column(name="CREATED", drop_order=1),
)


def print_users(users: "Sequence[Document]") -> None:
    """Print a table of users."""
    if not users and in_terminal():
        print_note("No users: `baton user add` adds one.")
        return
    now = int(time.time() * 1_000)
    rows = (
        (user.name, user.tenant, " ".join(user.scopes), shown_time(user.created_at, now))
        for user in users
    )
    print_table(COLUMNS, rows)


def user_document(user: "Document") -> dict[str, Any]:
    """Return a user as JSON."""
    return {
        "name": user.name,
        "tenant": user.tenant,
        "scopes": list(user.scopes),
        "createdAt": format_time(user.created_at),
        "createdBy": user.created_by,
    }
