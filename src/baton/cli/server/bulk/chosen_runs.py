"""The options that choose runs, shared by every action of `baton bulk`."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from baton.cli.options import AsJson, Record, Since, Tenant, Token, Until, Url
from baton.cli.terminal.statuses import STATUSES


def _check_statuses(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        if value not in STATUSES:
            raise typer.BadParameter(f"choose one of {', '.join(STATUSES)}")
    return values


def chosen_runs(
    ids: Annotated[
        list[str] | None,
        typer.Option("--run", metavar="RUN", help="Only this run; may be repeated."),
    ] = None,
    statuses: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            callback=_check_statuses,
            help="Runs with this status; may be repeated.",
        ),
    ] = None,
    definition: Annotated[
        str | None,
        typer.Option("--definition", metavar="DEFINITION", help="Runs of this slug or id."),
    ] = None,
    correlation: Annotated[
        str | None,
        typer.Option("--correlation-id", metavar="ID", help="Runs with this correlation id."),
    ] = None,
    record: Record = None,
    since: Since = None,
    until: Until = None,
    everything: Annotated[bool, typer.Option("--all", help="Every run of the tenant.")] = False,
    per_second: Annotated[
        int | None,
        typer.Option(
            "--per-second",
            metavar="N",
            min=1,
            max=10_000,
            show_default="as many as possible",
            help="Maximum number of runs per second.",
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Don't preview the runs and don't ask.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Print the id of the bulk, and don't wait for it.")
    ] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> "Chosen":
    """Return the runs that the options choose; raises BadParameter if no option chooses any."""
    from baton.cli.server.lists import time_text

    conditions = {
        "status": statuses,
        "definition": definition,
        "correlationId": correlation,
        "recordId": record,
        "from": time_text(since),
        "to": time_text(until),
    }
    chosen = {name: value for name, value in conditions.items() if value}
    if (bool(ids), bool(chosen), everything).count(True) != 1:
        raise typer.BadParameter(
            "choose runs by --run, or by conditions such as --status, or --all"
        )
    body: dict[str, Any] = {"ids": ids} if ids else {"filter": chosen}
    return Chosen(
        body={"all": True} if everything else body,
        per_second=per_second,
        yes=yes,
        detach=detach,
        as_json=as_json,
        server=(url, token, tenant),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The chosen runs as members of the request, and how to perform the action on them.

    `server` holds the values of --url, --token and --tenant.
    """

    body: Mapping[str, Any]
    per_second: int | None
    yes: bool
    detach: bool
    as_json: bool
    server: tuple[str | None, str | None, str | None]


Options = Mapping[str, Any]
"""The values of options by the names of their parameters."""


def register(
    app: typer.Typer, body_of: Callable[..., Options], handle: Callable[[Options, Options], None]
) -> None:
    """Register a verb with the options of `body_of` and the options that choose runs.

    The verb has the name and the docstring of `body_of`.

    Args:
        app: The group of the verb.
        body_of: Called with the options of the action; returns the body of its request.
        handle: Called with the values of the action's options, and of the options that choose runs.
    """
    own = inspect.signature(body_of, eval_str=True).parameters
    shared = inspect.signature(chosen_runs, eval_str=True).parameters

    def verb(**given: Any) -> None:
        handle({name: given.pop(name) for name in own}, given)

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        parameter.replace(kind=keyword) for parameter in (*own.values(), *shared.values())
    ]
    verb.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    verb.__doc__ = body_of.__doc__
    app.command(body_of.__name__)(verb)
