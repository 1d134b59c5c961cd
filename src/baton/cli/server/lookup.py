"""Finds definitions on a server by slug or id."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from baton.cli.server.client import Server, ServerRefused
from baton.cli.terminal.failures import Failed

PAGE = 100
_NOT_FOUND = 404


def find_definition(server: Server, reference: str) -> dict[str, Any]:
    """Return the whole definition with a slug or an id; raises Failed."""
    listed = next((one for one in all_definitions(server) if one["slug"] == reference), None)
    ident = reference if listed is None else listed["id"]
    try:
        found: dict[str, Any] = server.get(f"{server.definitions}/{quote(ident, safe='')}")
    except ServerRefused as error:
        if error.status != _NOT_FOUND:
            raise
        message = f"There is no definition {reference!r}: `baton definitions list` shows all"
        raise Failed(message) from None
    return found


def all_definitions(server: Server) -> Iterator[dict[str, Any]]:
    """Yield all definitions, without their steps, by slug."""
    number, total = 1, 1
    while (number - 1) * PAGE < total:
        page = server.get(server.definitions, sort="slug", order="asc", page=number, pageSize=PAGE)
        yield from page["data"]
        number, total = number + 1, page["meta"]["total"]
