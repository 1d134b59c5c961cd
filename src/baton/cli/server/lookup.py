"""Finds definitions on a server by slug or id."""

from collections.abc import Iterator
from typing import Any

from baton.cli.server.client import Server, ServerRefused
from baton.cli.server.definition_apis import DefinitionApi, preferred_api
from baton.cli.terminal.failures import Failed

PAGE = 100
_NOT_FOUND = 404


def find_definition(server: Server, reference: str) -> tuple[DefinitionApi, dict[str, Any]]:
    """Return the whole definition with a slug or an id, and its API; raises Failed."""
    api = preferred_api(server)
    listed = next((one for one in _pages(server, api) if one["slug"] == reference), None)
    definition_id = reference if listed is None else listed["id"]
    try:
        return api, server.get(api.definition(definition_id))
    except ServerRefused as error:
        if error.status != _NOT_FOUND:
            raise
        message = f"There is no definition {reference!r}: `baton definitions list` shows all"
        raise Failed(message) from None


def all_definitions(server: Server) -> Iterator[dict[str, Any]]:
    """Yield all definitions, without their steps, by slug."""
    return _pages(server, preferred_api(server))


def _pages(server: Server, api: DefinitionApi) -> Iterator[dict[str, Any]]:
    number, total = 1, 1
    while (number - 1) * PAGE < total:
        page = server.get(api.definitions, sort="slug", order="asc", page=number, pageSize=PAGE)
        yield from page["data"]
        number, total = number + 1, page["meta"]["total"]
