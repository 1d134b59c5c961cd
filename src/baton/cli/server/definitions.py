"""`baton definitions …`: lists, shows, applies and deletes the definitions of a server."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.cli.option_checks import check_input
from baton.cli.options import AsJson, AsOf, DialectName, Tenant, Token, Url
from baton.cli.terminal.failures import Failed, print_error

if TYPE_CHECKING:
    from baton.cli.server.client import Server
    from baton.cli.server.definition_apis import DefinitionApi

DefinitionFile = Annotated[
    Path, typer.Argument(metavar="FILE", callback=check_input, help="JSON or YAML; - is stdin.")
]
Lenient = Annotated[
    bool, typer.Option("--lenient", help="Ignore members that the dialect doesn't know.")
]

app = typer.Typer(help="Definitions on a server: list, show, apply, validate, schema, delete.")


def complete_definition(context: typer.Context) -> list[str]:
    """Return the words that a shell completes a definition with."""
    from baton.cli.server.lookup import complete_definitions

    return complete_definitions(context.params)


Reference = Annotated[
    str,
    typer.Argument(metavar="DEFINITION", autocompletion=complete_definition, help="Slug or id."),
]


@app.command("list")
def list_definitions(
    as_of: AsOf = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """List all definitions by slug."""
    from baton.cli.server.client import connect
    from baton.cli.server.lists import print_definitions
    from baton.cli.server.lookup import all_definitions
    from baton.cli.terminal.output import print_json

    definitions = list(all_definitions(connect(url, token, tenant), as_of))
    if as_json:
        print_json(definitions)
    else:
        print_definitions(definitions)


@app.command()
def show(
    definition: Reference,
    as_of: AsOf = None,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Print a definition of any dialect as JSON, in the form that `apply` takes."""
    from baton.cli.server.client import connect
    from baton.cli.server.lookup import find_definition
    from baton.cli.terminal.output import print_json

    print_json(find_definition(connect(url, token, tenant), definition, as_of))


@app.command()
def apply(
    file: DefinitionFile,
    dialect: DialectName = None,
    lenient: Lenient = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Create the definition in FILE, or update the one with its slug to a new version.

    Functions that no running executor knows are named on stderr.
    """
    from baton.cli.documents import load_document
    from baton.cli.server.apply_definition import apply_document
    from baton.cli.server.client import connect
    from baton.cli.server.definition_apis import choose_api, definition_apis, naming
    from baton.cli.terminal.output import print_json, print_line

    document, server = load_document(file), connect(url, token, tenant)
    with naming(file):
        change, applied = apply_document(server, document, dialect, lenient=lenient)
        api = choose_api(definition_apis(server), document, dialect)
    _warn_of_functions(server, document, api)
    if as_json:
        print_json(applied)
    else:
        print_line(f"{applied['slug']} {change}: version {applied['version']}, id {applied['id']}")


@app.command()
def validate(
    file: DefinitionFile,
    dialect: DialectName = None,
    lenient: Lenient = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Check the definition in FILE as `apply` would, without a server; nothing is stored.

    If a server is named or `baton dev` runs, functions that no executor knows are named on stderr.
    """
    from baton.cli.documents import load_document
    from baton.cli.server.client import find_server
    from baton.cli.server.definition_apis import naming
    from baton.cli.server.validate_definition import validate_document
    from baton.cli.terminal.output import print_line

    document = load_document(file)
    with naming(file):
        api, _ = validate_document(document, dialect, lenient=lenient)
    server = find_server(url, token, tenant)
    if server is not None:
        try:
            _warn_of_functions(server, document, api)
        except Failed:
            if url is not None:
                raise
    print_line(f"{file} is a valid definition of {api.name}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of a definition in Baton's own format, for editors."""
    from baton.cli.terminal.output import print_json
    from baton.command_api.own.definitions.format.schema import schema

    print_json(schema())


@app.command()
def delete(
    definition: Reference, url: Url = None, token: Token = None, tenant: Tenant = None
) -> None:
    """Delete a definition: its triggers stop, its runs continue and stay readable."""
    from baton.cli.server.client import connect
    from baton.cli.server.lookup import definition_path, definition_subject, find_definition
    from baton.cli.terminal.output import print_line

    server = connect(url, token, tenant)
    document = find_definition(server, definition)
    server.call("DELETE", definition_path(document["id"]), about=definition_subject(definition))
    print_line(f"{document['slug']} deleted")


def _warn_of_functions(server: "Server", document: Any, api: "DefinitionApi") -> None:
    from baton.cli.server.hints.unknown_functions import unknown_functions

    for sentence in unknown_functions(server, document, api.functions):
        print_error(sentence)
