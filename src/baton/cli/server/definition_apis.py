"""The APIs of a server that accept definitions, as the server's index lists them.

The command line knows no dialect by name. It reads definitions in Baton's own form, and `apply`
accepts documents of every dialect: a document without the marks of a dialect is in Baton's own
format.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import typer

from baton.cli.server.client import Server
from baton.cli.terminal.failures import Failed


class NotADefinition(Failed):
    """A document can't be read as a definition; `naming` adds the name of its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionApi:
    """An API that accepts definitions.

    Args:
        name: The name that `--dialect` chooses it by.
        definitions: The path of the collection, with the tenant filled in.
        required: Members that every definition has.
        distinctive: Members that no other API knows.
        functions: Members that name a function, as dotted paths; `[]` is each element of a list.
        units: Units by dotted path, of the members that other APIs count in another unit.
        marks: Dotted paths of members of which each definition has at least one; may be empty.
        slug_from: Member that holds the slug, or the name from which the server derives it.
        preferred: Whether it is chosen if several APIs accept a document.
        by_version: Whether every change creates a new version, by POST.
        headers: Headers that every request needs in addition to the usual ones.
        requires_keys: Whether a request with a side effect needs an Idempotency-Key.
    """

    name: str
    definitions: str
    required: tuple[str, ...]
    distinctive: frozenset[str]
    functions: tuple[str, ...]
    units: Mapping[str, str]
    marks: tuple[str, ...]
    slug_from: str
    preferred: bool
    by_version: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    requires_keys: bool = False

    def definition(self, definition_id: str) -> str:
        """Return the path of one definition."""
        return f"{self.definitions}/{quote(definition_id, safe='')}"


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Put the name of the file before the message of a NotADefinition."""
    try:
        yield
    except NotADefinition as error:
        raise NotADefinition(f"{file}: {error}") from None


def definition_apis(server: Server) -> list[DefinitionApi]:
    """Return the APIs of a server that accept definitions; raises Failed if there is none."""
    index = server.get("/openapi")["apis"]
    apis = [_read(server, entry) for entry in index if "definitions" in entry]
    if not apis:
        raise Failed(f"{server.url} has no API that accepts definitions")
    return apis


def choose_api(
    apis: list[DefinitionApi], document: Mapping[str, Any], name: str | None
) -> DefinitionApi:
    """Return the API that a document is written for, or the API called `name`.

    Raises NotADefinition if no API accepts the document, or several read it differently, and
    BadParameter for an unknown name.
    """
    known = [api for api in apis if name in {None, api.name}]
    if not known:
        names = ", ".join(api.name for api in apis)
        message = f"{name!r} isn't a dialect of definitions: choose one of {names}"
        raise typer.BadParameter(message, param_hint="'--dialect'")
    fitting = [api for api in known if all(member in document for member in api.required)]
    if not fitting:
        raise NotADefinition(_what_is_missing(known, document))
    fitting = [api for api in fitting if _is_marked(document, api)] or [
        api for api in fitting if not api.marks or name
    ]
    if not fitting:
        raise NotADefinition(_what_is_missing(known, document))
    clear = [api for api in fitting if api.distinctive & document.keys()]
    candidates = clear or fitting
    best = next((api for api in candidates if api.preferred), candidates[0])
    if not clear:
        _refuse_two_units(fitting, document)
    return best


def _read(server: Server, api: Mapping[str, Any]) -> DefinitionApi:
    form = api["definitions"]
    base = api["base"].replace("{tenant}", quote(server.tenant, safe=""))
    return DefinitionApi(
        name=api["name"],
        definitions=base + form["collection"],
        required=tuple(form["required"]),
        distinctive=frozenset(form["distinctive"]),
        functions=tuple(form.get("functions", ())),
        units=form["units"],
        marks=tuple(form.get("marks", ())),
        slug_from=form["slug_from"],
        preferred=form["preferred"],
        by_version=form.get("by_version", False),
        headers={api["tenant_header"]: server.tenant} if "tenant_header" in api else {},
        requires_keys=api.get("requires_keys", False),
    )


def _is_marked(document: Mapping[str, Any], api: DefinitionApi) -> bool:
    return any(_has(document, mark) for mark in api.marks)


def _what_is_missing(apis: list[DefinitionApi], document: Mapping[str, Any]) -> str:
    candidates = [api for api in apis if api.distinctive & document.keys()] or apis
    nearest = next((api for api in candidates if api.preferred and not api.marks), candidates[0])
    missing = [member for member in nearest.required if member not in document]
    return f"This isn't a definition: it has no {' and no '.join(missing)}"


def _refuse_two_units(apis: list[DefinitionApi], document: Mapping[str, Any]) -> None:
    """Raise NotADefinition for a member that the APIs count in different units."""
    for path in apis[0].units:
        units = {api.name: api.units[path] for api in apis if path in api.units}
        if _has(document, path) and len(set(units.values())) > 1:
            counted = " and ".join(f"{unit} in {name}" for name, unit in units.items())
            raise NotADefinition(f"{path} counts {counted}: choose with --dialect")


def _has(document: Any, path: str) -> bool:
    """Return whether a member at `path` exists; `[]` is any element of a list."""
    member, _, rest = path.partition(".")
    name = member.removesuffix("[]")
    if not isinstance(document, dict) or name not in document:
        return False
    if not rest:
        return True
    below = document[name] if member != name else [document[name]]
    return isinstance(below, list) and any(_has(element, rest) for element in below)
