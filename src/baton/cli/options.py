"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

DataFolder = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of the embedded store.  [default: .baton]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="Address of the server; also BATON_URL.  [default: the one of `dev`]",
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="JWT",
        help="Bearer token; also BATON_TOKEN.  [default: the one of `dev`]",
    ),
]
Tenant = Annotated[
    str | None,
    typer.Option("--tenant", help="Tenant, if the token is valid for several."),
]
Functions = Annotated[
    list[str] | None,
    typer.Option(
        "--functions",
        metavar="FILE_OR_MODULE ...",
        help="Files or modules with your @functions.",
    ),
]
More = Annotated[list[str] | None, typer.Argument(hidden=True, metavar="FILE_OR_MODULE")]
"""Further sources after --functions: a shell expands a pattern to several words."""


def sources_of(functions: list[str] | None, more: list[str] | None) -> tuple[str, ...] | None:
    """Return the sources of `Functions` and `More`, None if there are none; raises BadParameter."""
    if more and not functions:
        raise typer.BadParameter(f"unexpected argument {more[0]!r}: write --functions before it")
    return (*(functions or ()), *(more or ())) or None
