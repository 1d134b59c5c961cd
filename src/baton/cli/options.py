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
        help="The server: also BATON_URL.  [default: the one `dev` started]",
    ),
]
Token = Annotated[
    str | None,
    typer.Option("--token", metavar="JWT", help="Also BATON_TOKEN.  [default: the one `dev` left]"),
]
Tenant = Annotated[
    str | None,
    typer.Option("--tenant", help="Which tenant, where the token serves several."),
]
Functions = Annotated[
    list[str] | None,
    typer.Option(
        "--functions",
        metavar="FILE_OR_MODULE ...",
        help="Where your @functions are; several may follow.",
    ),
]
More = Annotated[list[str] | None, typer.Argument(hidden=True)]
"""Further sources behind --functions, which the shell has expanded."""


def sources_of(functions: list[str] | None, more: list[str] | None) -> tuple[str, ...] | None:
    """Return what `Functions` and `More` name together, None for nothing; raises BadParameter."""
    if more and not functions:
        raise typer.BadParameter(f"{more[0]!r}: write --functions in front of it")
    return (*(functions or ()), *(more or ())) or None
