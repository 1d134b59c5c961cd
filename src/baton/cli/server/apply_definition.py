"""Finds out whose words a definition is in, and makes it so on a server."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from baton.cli.server.client import Server, ServerRefused
from baton.cli.server.lookup import all_definitions
from baton.cli.terminal.failures import Failed

OPENAPI, REFERENCE = "centrali-openapi", "centrali-reference"
DIALECTS = (OPENAPI, REFERENCE)
_CONFLICT = 409
# Members that only the OpenAPI document has.
_OPENAPI_ONLY = frozenset(("status", "workspaceSlug"))
# Members by which the other documents are known.
_OTHERS = {"tasks": "a task list", "dagId": "a DAG", "edges": "a DAG"}


def dialect_of(document: object, wanted: str | None) -> str:
    """Return the dialect a document is written in; raises Failed."""
    if wanted is not None and wanted not in DIALECTS:
        raise Failed(f"{wanted!r} is no dialect of definitions: one of {', '.join(DIALECTS)}")
    if not isinstance(document, dict):
        raise Failed("A definition is an object: at least slug, name, trigger and steps")
    if "steps" not in document or "slug" not in document:
        raise Failed(_not_centrali(document))
    if wanted is not None:
        return wanted
    if "isActive" in document:
        return REFERENCE
    if _OPENAPI_ONLY & document.keys():
        return OPENAPI
    _refuse_unclear(document.get("trigger"))
    return REFERENCE


def apply_document(
    server: Server, document: Mapping[str, Any], wanted: str | None
) -> tuple[str, dict[str, Any]]:
    """Create or update; return "created", "updated" or "unchanged", and the definition.

    Raises Failed, also ServerRefused with the server's reason.
    """
    base = _base(server, dialect_of(document, wanted))
    try:
        return "created", server.call("POST", base, document)
    except ServerRefused as error:
        existing = _with_slug(server, document["slug"]) if error.status == _CONFLICT else None
        if existing is None:
            raise
    updated = server.call("PUT", f"{base}/{existing['id']}", document)
    same = updated["version"] == existing["version"]
    return ("unchanged" if same else "updated"), updated


def _with_slug(server: Server, slug: str) -> dict[str, Any] | None:
    return next((one for one in all_definitions(server) if one["slug"] == slug), None)


def _refuse_unclear(trigger: object) -> None:
    if isinstance(trigger, dict) and "interval" in trigger:
        raise Failed(
            f"An interval counts seconds in {OPENAPI} and milliseconds in {REFERENCE}:"
            " say which with --dialect"
        )


def _not_centrali(document: Mapping[str, Any]) -> str:
    for member, kind in _OTHERS.items():
        if member in document:
            return f"This looks like {kind}: this server takes definitions with slug and steps"
    missing = [name for name in ("slug", "steps") if name not in document]
    return f"This is no definition: it has no {' and no '.join(missing)}"


def _base(server: Server, dialect: str) -> str:
    if dialect == REFERENCE:
        return server.definitions
    return f"/orchestration/ws/{quote(server.tenant)}/api/v1/orchestrations"
