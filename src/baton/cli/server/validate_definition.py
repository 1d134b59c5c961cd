"""Checks a definition by the same rules as its creation, without a server."""

import json
from typing import Any, NamedTuple

from baton.cli.server.definition_apis import DefinitionApi, NotADefinition, choose_api
from baton.command_api.dialect.contract import discover
from baton.command_api.dialect.definition_format import CheckedDefinition
from baton.command_api.own import own_api
from baton.domain.definition.messages import Body


class ValidDefinition(NamedTuple):
    """A definition without faults: the API that accepts it, and its content."""

    api: DefinitionApi
    body: Body


def validate_document(document: Any, dialect: str | None, *, lenient: bool) -> ValidDefinition:
    """Return the definition in a document; raises NotADefinition with every fault."""
    if not isinstance(document, dict):
        raise NotADefinition("A definition is an object: at least slug, name and steps")
    spoken = (*discover(), own_api())
    dialects = {one.name: one for one in spoken if one.check_definition and one.definitions}
    apis = [
        DefinitionApi(
            name=name,
            definitions="",
            required=form.required,
            distinctive=frozenset(form.distinctive),
            functions=form.functions,
            units=form.units,
            marks=form.marks,
            slug_from=form.slug_from,
            preferred=form.preferred,
            by_version=form.by_version,
        )
        for name, dialect in dialects.items()
        if (form := dialect.definitions) is not None
    ]
    api = choose_api(apis, document, dialect)
    check = dialects[api.name].check_definition
    checked = check(json.dumps(document).encode()) if check else CheckedDefinition([], [])
    faults = [*checked.faults, *([] if lenient else checked.unknown)]
    if faults or checked.body is None:
        raise NotADefinition(
            "; ".join(f"{fault.place} {fault.message}".strip() for fault in faults)
        )
    return ValidDefinition(api, checked.body)
