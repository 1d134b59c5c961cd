"""Creates a definition on a server, or updates the definition with the same slug.

In an API without slugs, the server derives them from names: the definition with the same name is
updated. In an API with immutable versions, each change is published as a new version.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from baton.cli.server.client import Server
from baton.cli.server.definition_apis import (
    DefinitionApi,
    NotADefinition,
    choose_api,
    definition_apis,
)
from baton.cli.server.lookup import definition_subject, look_up
from baton.cli.server.refusals import CONFLICT, NOT_FOUND, ServerRefused, Subject
from baton.domain.definition.slug import slug_of

_STRICT = {"Prefer": "handling=strict"}


def apply_document(
    server: Server, document: object, dialect: str | None, *, lenient: bool = False
) -> tuple[str, dict[str, Any]]:
    """Create or update a definition.

    Args:
        server: The server that gets the definition.
        document: The parsed definition.
        dialect: The dialect of the document; None detects it by the members of the document.
        lenient: Ignore members that the dialect doesn't know, instead of refusing them.

    Returns:
        "created", "updated" or "unchanged", and the definition as the server shows it: in Baton's
            own format if the API's format has no version.

    Raises:
        NotADefinition: The document isn't a definition, or its dialect is ambiguous.
        BadParameter: The dialect doesn't exist.
        ServerRefused: The server refused the definition.
    """
    if not isinstance(document, dict):
        raise NotADefinition("A definition is an object: at least slug, name and steps")
    api = choose_api(definition_apis(server), document, dialect)
    headers = {**api.headers, **({} if lenient else _STRICT)}
    about = definition_subject(str(document.get("slug") or document.get(api.slug_from)))
    if api.requires_keys:
        headers["Idempotency-Key"] = uuid4().hex
    if api.by_version:
        return _publish(server, api, document, headers, about)
    existing = _find_by_name(server, api, document)
    if existing is None:
        try:
            created = server.call("POST", api.definitions, document, headers=headers, about=about)
            return "created", _with_version(server, created)
        except ServerRefused as error:
            conflict = error.status == CONFLICT
            existing = _find_by_slug(server, document.get("slug")) if conflict else None
            if existing is None:
                raise
    path = api.definition(existing["id"])
    updated = server.call("PUT", path, document, headers=headers, about=about)
    shown = _with_version(server, updated)
    same = shown["version"] == existing["version"]
    return ("unchanged" if same else "updated"), shown


def _publish(
    server: Server,
    api: DefinitionApi,
    document: dict[str, Any],
    headers: Mapping[str, str],
    about: Subject,
) -> tuple[str, dict[str, Any]]:
    """Publish a version, and return its definition with the version label of the document."""
    slug, label = document.get(api.slug_from), document.get("version")
    before = _find_by_slug(server, slug)
    published = before is not None and label is not None and _has_version(server, api, slug, label)
    answer = server.call("POST", api.definitions, document, headers=headers, about=about)
    shown = {**(look_up(server, str(slug)) or {}), "version": answer["version"]}
    return "unchanged" if published else "updated" if before else "created", shown


def _has_version(server: Server, api: DefinitionApi, slug: object, label: object) -> bool:
    path = f"{api.definition(str(slug))}/{quote(str(label), safe='')}"
    try:
        server.call("GET", path, headers=api.headers)
    except ServerRefused as error:
        if error.status != NOT_FOUND:
            raise
        return False
    return True


def _find_by_name(
    server: Server, api: DefinitionApi, document: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the definition with the slug of the document's name; None in an API with slugs."""
    text = document.get(api.slug_from)
    if api.slug_from == "slug" or not isinstance(text, str):
        return None
    return _find_by_slug(server, slug_of(text))


def _find_by_slug(server: Server, slug: object) -> dict[str, Any] | None:
    definition = look_up(server, slug) if isinstance(slug, str) else None
    return definition if definition is not None and definition["slug"] == slug else None


def _with_version(server: Server, answer: dict[str, Any]) -> dict[str, Any]:
    if isinstance(answer.get("version"), int):
        return answer
    return look_up(server, answer["id"]) or answer
