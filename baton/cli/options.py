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
