"""Baton's own API: operations in the core's words, which belong to no dialect.

Each module of this package and of its folders that exports `ROUTES` is found by `own_api()`; a
folder holds the operations of one noun. Own routes have no base path; the tenant comes from the
token.
"""

import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

from baton.command_api.dialect.contract import Dialect, FromToken, Route
from baton.command_api.dialect.error_words import ErrorBody
from baton.command_api.http.refusal import STATUS, Refusal
from baton.domain.json import JsonObject


def own_api() -> Dialect:
    """Return the operations of every module of this package, as one dialect."""
    dialect = _dialect("Baton's own API", tuple(_discover_routes()))
    documents = import_module(f"{__name__}.definitions.documents")
    return replace(
        dialect,
        definitions=documents.FORMAT,
        check_definition=documents.check_document,
        takes_sessions=True,
        strict_parameters=True,
    )


def health_api() -> Dialect:
    """Return the operations of a service that takes no commands: health and metrics alone."""
    routes: tuple[Route, ...] = import_module(f"{__name__}.service.health").ROUTES
    return _dialect("Health and metrics of this service", routes)


def render_error(refusal: Refusal) -> tuple[int, JsonObject]:
    """Return status and body of a refusal: `{error, message, details?}`."""
    body: JsonObject = {"error": refusal.code, "message": refusal.message}
    if refusal.faults:
        body["details"] = [
            {"field": fault.place, "message": fault.message} for fault in refusal.faults
        ]
    return refusal.status or STATUS[refusal.code], body


def _dialect(title: str, routes: tuple[Route, ...]) -> Dialect:
    return Dialect(
        name="baton",
        title=title,
        bases=("",),
        routes=routes,
        render_error=render_error,
        tenant=FromToken(),
        error=ErrorBody,
    )


def _discover_routes() -> Iterator[Route]:
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        yield from getattr(import_module(module.name), "ROUTES", ())
