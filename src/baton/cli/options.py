"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

from baton.cli.moments import parse_as_of, parse_moment
from baton.cli.option_checks import (
    check_key,
    check_run_status,
    check_tenant,
    check_token,
    check_url,
    file_fault,
)
from baton.cli.terminal.statuses import STATUSES

DataFolder = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        file_okay=False,
        show_default=".baton",
        help="Folder of the embedded store; also BATON_DATA.",
    ),
]
FirstPosition = Annotated[
    int, typer.Option("--from", metavar="POSITION", min=0, help="The first position.")
]
LastPosition = Annotated[
    int | None,
    typer.Option(
        "--to", metavar="POSITION", min=0, show_default="the newest", help="The last position."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        callback=check_url,
        show_default="that of `baton dev`",
        help="Address of the server; also BATON_URL.",
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="JWT",
        callback=check_token,
        show_default="that of `baton dev`",
        help="Bearer token or API key; also BATON_TOKEN.",
    ),
]
Tenant = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        metavar="T",
        callback=check_tenant,
        help="Tenant, if the token is valid for several.",
    ),
]
Since = Annotated[
    int | None,
    typer.Option(
        "--since",
        metavar="TIME",
        parser=parse_moment,
        help="Only from this time on: 1h, 2d, or a time in ISO 8601 (UTC).",
    ),
]
Until = Annotated[
    int | None,
    typer.Option("--until", metavar="TIME", parser=parse_moment, help="Only before this time."),
]
OpenBrowser = Annotated[
    bool, typer.Option("--open", help="Open the web UI in a browser, signed in.")
]
DialectName = Annotated[
    str | None,
    typer.Option(
        "--dialect",
        metavar="NAME",
        show_default="detected by its members",
        help="Dialect of the file.",
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="POSITION|TIME",
        parser=parse_as_of,
        help="Show the state as of a position of the log, a time, or a duration ago.",
    ),
]
Host = Annotated[
    str | None,
    typer.Option(
        "--host",
        metavar="ADDRESS",
        show_default="127.0.0.1",
        help="Address to listen on; also BATON_HOST.",
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        "--port",
        metavar="N",
        min=0,
        max=65_535,
        show_default="8080",
        help="Port to listen on; 0 takes a free one. Also BATON_PORT.",
    ),
]
Functions = Annotated[
    list[str] | None,
    typer.Option(
        "--functions",
        metavar="FILE_OR_MODULE ...",
        show_default="those of BATON_FUNCTIONS",
        help="Files or modules with your @functions.",
    ),
]
More = Annotated[list[str] | None, typer.Argument(hidden=True, metavar="FILE_OR_MODULE")]
"""More sources after --functions, because a shell expands a pattern to several words."""


def sources_of(functions: list[str] | None, more: list[str] | None) -> tuple[str, ...] | None:
    """Return the sources of `Functions` and `More`, None if there are none.

    Raises BadParameter for a file that doesn't exist.
    """
    if more and not functions:
        raise typer.BadParameter(f"unexpected argument {more[0]!r}: write --functions before it")
    sources = (*(functions or ()), *(more or ()))
    for source in sources:
        names_file = source.endswith(".py") or "/" in source
        if names_file and (fault := file_fault(Path(source))):
            raise typer.BadParameter(fault, param_hint="'--functions'")
    return sources or None


IdempotencyKey = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="KEY",
        callback=check_key,
        help="Idempotency key: a repetition starts no second run.",
    ),
]
Record = Annotated[
    str | None,
    typer.Option("--record", metavar="ID", help="Only runs that this record's events started."),
]
RunStatus = Annotated[
    str | None,
    typer.Option(
        "--status",
        metavar="STATUS",
        callback=check_run_status,
        autocompletion=lambda: list(STATUSES),
        help=f"Only runs with this status: {', '.join(STATUSES)}.",
    ),
]
Find = Annotated[
    str | None,
    typer.Option(
        "--find",
        metavar="TEXT",
        help="Beginning of a run's id, a correlation id, or the id of a record.",
    ),
]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Reason, stored with the run.")
]
FailedStep = Annotated[
    str | None,
    typer.Option(
        "--step", metavar="STEP", show_default="each of them", help="The failed step to retry."
    ),
]
