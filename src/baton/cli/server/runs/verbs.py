"""`baton runs …`: lists, shows, starts, cancels and retries the runs of a server.

`control` adds the verbs that pause and resume runs.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.cli.documents import parse_object
from baton.cli.options import (
    AsJson,
    AsOf,
    FailedStep,
    Find,
    IdempotencyKey,
    Reason,
    Record,
    RunStatus,
    Since,
    Tenant,
    Token,
    Until,
    Url,
)
from baton.cli.server.definitions import Reference, complete_definition
from baton.cli.server.runs.run_reference import RunId, change_run, run_path, run_subject
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.cli.server.client import Server

app = typer.Typer(
    help="Runs on a server: list, show, watch, logs, start, cancel, retry, rerun, pause, resume."
)

DEFAULT_LIMIT = 20


@app.command("list")
def list_runs(
    definition: Annotated[
        str | None,
        typer.Argument(
            metavar="DEFINITION",
            autocompletion=complete_definition,
            help="Slug or id of the definition.",
            show_default="all",
        ),
    ] = None,
    status: RunStatus = None,
    record: Record = None,
    find: Find = None,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            max=500,
            show_default=str(DEFAULT_LIMIT),
            help="Number of runs.",
        ),
    ] = None,
    offset: Annotated[
        int, typer.Option("--offset", metavar="N", min=0, help="Number of newer runs to skip.")
    ] = 0,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """List runs, newest first.

    --since and --until compare the time at which a run was requested.
    """
    from baton.cli.server.client import connect
    from baton.cli.server.lists import print_runs, time_text
    from baton.cli.server.lookup import find_definition
    from baton.cli.terminal.output import in_terminal, print_json, print_note

    server = connect(url, token, tenant)
    found = None if definition is None else find_definition(server, definition, as_of)
    page = server.get(
        "/runs",
        **{"from": time_text(since), "to": time_text(until)},
        definitionId=None if found is None else found["id"],
        status=status,
        recordId=record,
        q=find,
        asOf=as_of,
        limit=limit or DEFAULT_LIMIT,
        offset=offset or None,
    )
    if as_json:
        print_json(page["runs"])
    else:
        print_runs(page["runs"], lasting=as_of is None)
    end = offset + len(page["runs"])
    if end < page["total"] and (limit is None or in_terminal()):
        shown = f"Runs {offset + 1} to {end} of {page['total']}"
        print_note(f"{shown}: --offset {end} shows the next page.")


@app.command()
def show(
    run_id: RunId,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show the traceback of each failed attempt.")
    ] = False,
    as_of: AsOf = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Show the timeline of a run, with outputs, decisions and where its functions failed."""
    from baton.cli.server.client import connect
    from baton.cli.server.runs.timeline import heading, timeline
    from baton.cli.terminal.output import print_json, print_lines

    server = connect(url, token, tenant)
    run = server.get(run_path(run_id), run_subject(run_id), asOf=as_of)
    if as_json:
        print_json(run)
    else:
        print_lines([heading(run), *timeline(run, traceback=traceback)])


@app.command()
def watch(
    run_id: RunId,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Follow a run until it ends. Exits 1 unless it completed."""
    from baton.cli.server.client import connect

    server = connect(url, token, tenant)
    server.get(run_path(run_id), run_subject(run_id))
    _watch(server, run_id, as_json=as_json)


@app.command()
def logs(
    run_id: RunId,
    step: Annotated[
        str | None, typer.Option("--step", metavar="S", show_default="all", help="Only this step.")
    ] = None,
    attempt: Annotated[
        int | None,
        typer.Option("--attempt", metavar="N", min=1, show_default="all", help="Only attempt N."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow until the end.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Print what the functions of a run have logged, by attempt."""
    from baton.cli.server.client import connect
    from baton.cli.server.runs.run_logs import print_logs

    about = run_subject(run_id, part="" if step is None else f", step {step!r}")
    server, chosen = connect(url, token, tenant), {"step": step, "attempt": attempt}
    print_logs(server, run_path(run_id), about, chosen, follow=follow, as_json=as_json)


@app.command()
def start(
    definition: Reference,
    run_input: Annotated[
        dict[str, Any] | None,
        typer.Option(
            "--input",
            metavar="JSON",
            parser=parse_object,
            show_default="none",
            help="Input of the run: an object, @FILE, or @- for stdin.",
        ),
    ] = None,
    correlation_id: Annotated[
        str | None,
        typer.Option("--correlation-id", metavar="ID", help="Your own id, stored with the run."),
    ] = None,
    key: IdempotencyKey = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run, as `watch` does.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Start a run and print its id."""
    from baton.cli.server.client import connect
    from baton.cli.server.lookup import definition_subject, find_definition
    from baton.cli.terminal.output import print_json, print_line

    server = connect(url, token, tenant)
    document = find_definition(server, definition)
    body = {"definition": document["id"], "input": run_input, "correlationId": correlation_id}
    run = server.call(
        "POST",
        "/runs",
        {name: value for name, value in body.items() if value is not None},
        headers=None if key is None else {"Idempotency-Key": key},
        about=definition_subject(definition),
        of_options=True,
    )
    if wait:
        _watch(server, run["id"], as_json=as_json)
    elif as_json:
        print_json(run)
    else:
        print_line(run["id"])


@app.command()
def cancel(
    run_id: RunId,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Cancel a run: running steps are cancelled and no new step starts."""
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_result

    body = {} if reason is None else {"reason": reason}
    document = change_run(connect(url, token, tenant), run_subject(run_id), "cancel", body)
    print_result(document, f"{run_id} cancelled", as_json=as_json)


@app.command()
def retry(
    run_id: RunId,
    step: FailedStep = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Reopen a failed or cancelled run where it stopped."""
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_result

    body = {} if step is None else {"stepId": step}
    about = run_subject(run_id, part="" if step is None else f", step {step!r}")
    document = change_run(connect(url, token, tenant), about, "retry", body)
    print_result(document, f"{run_id} reopened", as_json=as_json)


def _watch(server: "Server", run_id: str, *, as_json: bool) -> None:
    """Follow a run to its end, and wait during outages of the server."""
    from baton.cli.server.reconnecting import Reconnecting
    from baton.cli.server.runs.follow_run import follow_run
    from baton.cli.terminal.output import print_json

    fetch = Reconnecting(server, run_path(run_id), about=run_subject(run_id))
    run = follow_run(fetch, quiet=as_json)
    if as_json:
        print_json(run)
    if run["status"] != "completed":
        raise Failed(f"Run {run_id} {run['status']}: `baton runs retry {run_id}` reopens it")
