"""`baton explain …`: says why something is where it is."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from baton.cli.options import AsJson, Tenant, Token, Url
from baton.cli.server.definitions import Reference
from baton.cli.server.runs import RunId, run_path, run_subject

if TYPE_CHECKING:
    from rich.text import Text

app = typer.Typer(help="Why a run is where it is, and why events and ticks started runs, or none.")


@app.command("run")
def explain_run(
    run_id: RunId,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Say what a run waits for, and what moves it next."""
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_json, print_lines

    path = f"{run_path(run_id)}/explain"
    found = connect(url, token, tenant).get(path, run_subject(run_id))
    if as_json:
        print_json(found)
    else:
        print_lines(_lines(run_id, found))


@app.command("record")
def explain_record(
    record_id: Annotated[
        str, typer.Argument(metavar="RECORD", help="Id that Baton gave the record event.")
    ],
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Say what a record event started, and why it started nothing else."""
    from baton.cli.server.client import connect
    from baton.cli.server.refusals import Subject
    from baton.cli.terminal.output import print_json
    from baton.cli.terminal.tables import Column, print_table

    others = "`baton events send` records one"
    about = Subject(kind="record event", ident=record_id, others=others, state=others)
    found = connect(url, token, tenant).get(f"/records/{quote(record_id, safe='')}/explain", about)
    if as_json:
        print_json(found)
        return
    columns = (
        Column(name="DEFINITION"),
        Column(name="OUTCOME"),
        Column(name="RUN OR REASON", kind="wrapped"),
    )
    print_table(columns, [(one["slug"], one["outcome"], _why(one)) for one in found["definitions"]])


@app.command("definition")
def explain_definition(
    definition: Reference,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Say what starts runs of a definition, and why events and ticks started none."""
    from baton.cli.server.client import connect
    from baton.cli.server.lookup import definition_path, definition_subject
    from baton.cli.terminal.output import print_json, print_lines

    path = f"{definition_path(definition)}/explain"
    found = connect(url, token, tenant).get(path, definition_subject(definition))
    if as_json:
        print_json(found)
    else:
        print_lines(_definition_lines(found))


def _definition_lines(found: Mapping[str, Any]) -> "Iterator[Text]":
    from rich.text import Text

    yield Text.assemble("Definition ", (found["slug"], "bold"), f" is {found['status']}")
    for one in found["because"]:
        due = f" at {one['dueAt']}" if "dueAt" in one else ""
        yield Text(f"  {one['code']:<13}  {one['text']}{due}")
    for one in found["ticks"]:
        why = one.get("runId") or one.get("reason")
        yield Text(f"  tick           {one['nominalAt']} {one['outcome']}: {why}", "dim")
    for one in found["events"]:
        about = f"{one['type']} {one['structure']}".rstrip()
        yield Text(f"  event          {about} {one['outcome']}: {_why(one)}", "dim")


def _why(one: Mapping[str, Any]) -> str:
    """Return the run that a definition started, or why it started none."""
    if "runId" in one:
        return str(one["runId"])
    if "reason" in one:
        return str(one["reason"])
    return f"{one['field']} is {one['was']}, not {one['wanted']}" if "field" in one else ""


def _lines(run_id: str, found: Mapping[str, Any]) -> "Iterator[Text]":
    from rich.text import Text

    from baton.cli.terminal.statuses import COLORS

    status = found["status"]
    yield Text.assemble("Run ", (run_id, "bold"), " is ", (status, COLORS.get(status, "")))
    for one in found["because"]:
        step = f"{one['stepId']}: " if "stepId" in one else ""
        yield Text(f"  {one['code']:<12}  {step}{one['text']}{_error(one)}")
    for one in found["next"]:
        step = f" {one['stepId']}" if "stepId" in one else ""
        due = f" at {one['dueAt']}" if "dueAt" in one else ""
        yield Text(f"  next          {one['event']}{step}{due}", "dim")
    for one in found["suggestions"]:
        yield Text(f"  {one}", "dim")


def _error(reason: Mapping[str, Any]) -> str:
    error = reason.get("lastError")
    return "" if error is None else f" (before: {error['code']}: {error['message']})"
