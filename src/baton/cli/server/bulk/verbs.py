"""`baton bulk …`: actions on many runs, and the bulks that they create."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.cli.options import AsJson, FailedStep, Tenant, Token, Url
from baton.cli.server.bulk import actions
from baton.cli.server.bulk.chosen_runs import Options, chosen_runs, register
from baton.cli.server.bulk.perform import bulk_path, perform, show_requested

if TYPE_CHECKING:
    from baton.cli.server.refusals import Subject

app = typer.Typer(
    help="Actions on many runs: cancel, retry, rerun, pause, resume; list, show, stop."
)

PAGE = 500
_OF_ANY_REQUEST = frozenset(("yes", "detach", "as_json", "url", "token", "tenant"))
"""The options that don't choose runs, by the names of their parameters."""

BulkId = Annotated[
    str, typer.Argument(metavar="BULK", help="Id of the bulk, from `baton bulk list`.")
]
_FailedOf = Annotated[
    str | None,
    typer.Argument(metavar="BULK", help="Retry the failed runs of this bulk instead."),
]


def _check_outcome(value: str | None) -> str | None:
    from baton.cli.server.bulk.tables import OUTCOMES

    if value is not None and value not in OUTCOMES:
        raise typer.BadParameter(f"choose one of {', '.join(OUTCOMES)}")
    return value


def _performing(body_of: Callable[..., Options]) -> Callable[[Options, Options], None]:
    def handle(own: Options, choosing: Options) -> None:
        perform(body_of.__name__, body_of(**own), chosen_runs(**choosing))

    return handle


def retry(bulk: _FailedOf = None, step: FailedStep = None) -> Mapping[str, Any]:
    """Reopen failed or cancelled runs where they stopped, or retry the failed runs of a bulk."""
    if bulk is not None and step is not None:
        raise typer.BadParameter("--step can't be combined with BULK")
    return {} if step is None else {"stepId": step}


def _retry(own: Options, choosing: Options) -> None:
    body = retry(**own)
    if own["bulk"] is None:
        perform("retry", body, chosen_runs(**choosing))
    elif any(choosing[name] for name in choosing.keys() - _OF_ANY_REQUEST):
        raise typer.BadParameter("BULK chooses the runs: leave out the options that choose runs")
    else:
        _try_again(own["bulk"], choosing)


def _try_again(bulk_id: str, choosing: Options) -> None:
    """Retry the failed runs of a bulk, and follow it to its end unless --detach is given."""
    from baton.cli.server.client import connect

    server = connect(choosing["url"], choosing["token"], choosing["tenant"])
    bulk = server.call("POST", f"{bulk_path(bulk_id)}/retry", about=_subject(bulk_id))
    show_requested(server, bulk, detach=choosing["detach"], as_json=choosing["as_json"])


register(app, actions.cancel, _performing(actions.cancel))
register(app, retry, _retry)
for _action in (actions.rerun, actions.pause, actions.resume):
    register(app, _action, _performing(_action))


@app.command("list")
def list_bulks(
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=PAGE, help="Number to show.")
    ] = 20,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """List bulks, the newest first."""
    from baton.cli.server.bulk.tables import print_bulks
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_json

    page = connect(url, token, tenant).get("/bulk", limit=limit)
    if as_json:
        print_json(page["bulks"])
    else:
        print_bulks(page["bulks"])


@app.command()
def show(
    bulk: BulkId,
    outcome: Annotated[
        str | None,
        typer.Option(
            "--outcome",
            metavar="OUTCOME",
            callback=_check_outcome,
            help="Only these runs: done, unchanged, refused or failed.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=PAGE, help="Number of runs to show.")
    ] = 100,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Show the progress of a bulk and the outcomes of its runs."""
    from baton.cli.server.bulk.tables import print_items, summary
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import in_terminal, print_json, print_note

    server, about = connect(url, token, tenant), _subject(bulk)
    document = server.get(bulk_path(bulk), about)
    page = server.get(f"{bulk_path(bulk)}/items", about, outcome=outcome, limit=limit)
    if as_json:
        print_json({**document, "items": page["items"]})
        return
    print_note(summary(document))
    print_items(page["items"])
    if "next" in page and in_terminal():
        print_note(f"The first {limit} runs: see --limit and --outcome.")


@app.command()
def stop(bulk: BulkId, url: Url = None, token: Token = None, tenant: Tenant = None) -> None:
    """Stop a bulk: no further run is processed."""
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_line

    server = connect(url, token, tenant)
    document = server.call("POST", f"{bulk_path(bulk)}/stop", about=_subject(bulk))
    print_line(f"{bulk} {document['status']}")


def _subject(bulk: str) -> "Subject":
    from baton.cli.server.refusals import Subject

    return Subject(
        kind="bulk",
        ident=bulk,
        others="`baton bulk list` shows them",
        state=f"`baton bulk show {bulk}` shows it",
    )
