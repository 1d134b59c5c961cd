"""`baton explain …`: says why a run, a record event or a definition is in its state."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from baton.cli.options import AsJson, AsOf, Tenant, Token, Url
from baton.cli.server.definitions import Reference
from baton.cli.server.runs.run_reference import RunId, run_path, run_subject

if TYPE_CHECKING:
    from rich.text import Text

app = typer.Typer(help="The state of a run, and why events and ticks started runs or didn't.")


@app.command("run")
def explain_run(
    run_id: RunId,
    as_of: AsOf = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Show why a run waits and which event continues it."""
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_json, print_lines

    path = f"{run_path(run_id)}/explain"
    explanation = connect(url, token, tenant).get(path, run_subject(run_id), asOf=as_of)
    if as_json:
        print_json(explanation)
    else:
        print_lines(_lines(run_id, explanation))


@app.command("record")
def explain_record(
    record_id: Annotated[
        str,
        typer.Argument(
            metavar="RECORD",
            help="Id that Baton gave the record event; `baton explain definition` shows it.",
        ),
    ],
    as_of: AsOf = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Show the runs that a record event started, and why other definitions started none."""
    from baton.cli.server.client import connect
    from baton.cli.server.refusals import Subject
    from baton.cli.terminal.output import print_json
    from baton.cli.terminal.tables import Column, print_table

    others = "`baton explain definition DEFINITION` shows the newest with their ids"
    about = Subject(kind="record event", ident=record_id, others=others, state=others)
    path = f"/records/{quote(record_id, safe='')}/explain"
    explanation = connect(url, token, tenant).get(path, about, asOf=as_of)
    if as_json:
        print_json(explanation)
        return
    columns = (
        Column(name="DEFINITION"),
        Column(name="OUTCOME"),
        Column(name="RUN OR REASON", kind="wrapped"),
    )
    print_table(
        columns,
        [(entry["slug"], entry["outcome"], _why(entry)) for entry in explanation["definitions"]],
    )


@app.command("definition")
def explain_definition(
    definition: Reference,
    as_of: AsOf = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Show the triggers of a definition, and why recent events and ticks started no run."""
    from baton.cli.server.client import connect
    from baton.cli.server.lookup import definition_path, definition_subject
    from baton.cli.terminal.output import print_json, print_lines

    path = f"{definition_path(definition)}/explain"
    explanation = connect(url, token, tenant).get(path, definition_subject(definition), asOf=as_of)
    if as_json:
        print_json(explanation)
    else:
        print_lines(_definition_lines(explanation))


def _definition_lines(explanation: Mapping[str, Any]) -> "Iterator[Text]":
    from rich.text import Text

    yield Text.assemble(
        "Definition ", (explanation["slug"], "bold"), f" is {explanation['status']}"
    )
    for entry in explanation["because"]:
        due = f" at {entry['dueAt']}" if "dueAt" in entry else ""
        yield Text(f"  {entry['code']:<13}  {entry['text']}{due}")
    for entry in explanation["ticks"]:
        why = entry.get("runId") or entry.get("reason")
        yield Text(f"  tick           {entry['nominalAt']} {entry['outcome']}: {why}", "dim")
    for entry in explanation["events"]:
        about = f"{entry['recordId']} {entry['type']} {entry['structure']}".rstrip()
        yield Text(f"  event          {about} {entry['outcome']}: {_why(entry)}", "dim")


def _why(entry: Mapping[str, Any]) -> str:
    """Return the run that a definition started, or why it started none."""
    if "runId" in entry:
        return str(entry["runId"])
    if "reason" in entry:
        return str(entry["reason"])
    return f"{entry['field']} is {entry['was']}, not {entry['wanted']}" if "field" in entry else ""


def _lines(run_id: str, explanation: Mapping[str, Any]) -> "Iterator[Text]":
    from rich.text import Text

    from baton.cli.terminal.statuses import COLORS

    status = explanation["status"]
    yield Text.assemble("Run ", (run_id, "bold"), " is ", (status, COLORS.get(status, "")))
    for entry in explanation["because"]:
        step = f"{entry['stepId']}: " if "stepId" in entry else ""
        yield Text(f"  {entry['code']:<12}  {step}{entry['text']}{_error(entry)}")
    for entry in explanation["next"]:
        step = f" {entry['stepId']}" if "stepId" in entry else ""
        due = f" at {entry['dueAt']}" if "dueAt" in entry else ""
        yield Text(f"  next          {entry['event']}{step}{due}", "dim")
    for entry in explanation["suggestions"]:
        yield Text(f"  {entry}", "dim")


def _error(reason: Mapping[str, Any]) -> str:
    error = reason.get("lastError")
    return "" if error is None else f" (before: {error['code']}: {error['message']})"
