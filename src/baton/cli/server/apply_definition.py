"""Creates a definition on a server, or updates the one with its slug."""

from typing import Any

from baton.cli.server.client import Server
from baton.cli.server.definition_apis import NoDefinition, choose_api, definition_apis
from baton.cli.server.lookup import definition_subject, look_up
from baton.cli.server.refusals import CONFLICT, ServerRefused

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
        NoDefinition: The document is no definition or its dialect is unclear.
        BadParameter: There is no such dialect.
        ServerRefused: The server found a fault.

    """
    if not isinstance(document, dict):
        raise NoDefinition("A definition is an object: at least slug, name, trigger and steps")
    api = choose_api(definition_apis(server), document, dialect)
    headers = {} if lenient else _STRICT
    about = definition_subject(str(document.get("slug") or document.get("name")))
    try:
        return "created", server.call(
            "POST", api.definitions, document, headers=headers, about=about
        )
    except ServerRefused as error:
        slug = str(document.get("slug"))
        existing = look_up(server, slug) if error.status == CONFLICT else None
        if existing is None or existing["slug"] != slug:
            raise
    path = api.definition(existing["id"])
    updated = server.call("PUT", path, document, headers=headers, about=about)
    same = updated["version"] == existing["version"]
    return ("unchanged" if same else "updated"), updated
