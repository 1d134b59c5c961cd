"""Creates a definition on a server, or updates the one with its slug."""

from collections.abc import Mapping
from typing import Any

from baton.cli.server.client import Server, ServerRefused
from baton.cli.server.definition_apis import choose_api, definition_apis
from baton.cli.server.lookup import all_definitions
from baton.cli.terminal.failures import Failed

_CONFLICT = 409
_STRICT = {"Prefer": "handling=strict"}


def apply_document(
    server: Server, document: object, dialect: str | None, *, lenient: bool = False
) -> tuple[str, dict[str, Any]]:
    """Create or update a definition.

    Args:
        server: The server to apply it on.
        document: The parsed definition.
        dialect: The dialect of the document; None lets the members of the document tell.
        lenient: Whether members that the dialect doesn't know are ignored instead of refused.

    Returns:
        "created", "updated" or "unchanged", and the definition as the server shows it.

    Raises:
        Failed: The document is no definition or its dialect is unclear.
        ServerRefused: The server found a fault.

    """
    if not isinstance(document, dict):
        raise Failed("A definition is an object: at least slug, name, trigger and steps")
    api = choose_api(definition_apis(server), document, dialect)
    headers = {} if lenient else _STRICT
    try:
        return "created", server.call("POST", api.definitions, document, headers=headers)
    except ServerRefused as error:
        existing = _with_slug(server, document["slug"]) if error.status == _CONFLICT else None
        if existing is None:
            raise
    updated = server.call("PUT", api.definition(existing["id"]), document, headers=headers)
    same = updated["version"] == existing["version"]
    return ("unchanged" if same else "updated"), updated


def _with_slug(server: Server, slug: str) -> Mapping[str, Any] | None:
    return next((one for one in all_definitions(server) if one["slug"] == slug), None)
