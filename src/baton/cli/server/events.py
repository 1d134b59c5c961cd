"""`baton events …`: sends record events to a server."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.cli.documents import parse_object
from baton.cli.option_checks import check_input
from baton.cli.options import AsJson, Tenant, Token, Url
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.cli.server.client import Server

app = typer.Typer(help="Record events to a server: send.")

SOURCE = "baton:cli"
STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


@app.callback()
def _events() -> None:
    """Keep `send` a subcommand although it is the only one."""


@app.command()
def send(
    record: Annotated[
        str | None, typer.Argument(metavar="SLUG/ID", help="The record, such as orders/1001.")
    ] = None,
    data: Annotated[
        dict[str, Any] | None,
        typer.Option(
            "--record",
            metavar="JSON",
            parser=parse_object,
            show_default="{}",
            help="Content of the record: an object, @FILE, or @- for stdin.",
        ),
    ] = None,
    kind: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="Type of the event.")
    ] = "record.created",
    event_id: Annotated[
        str | None,
        typer.Option(
            "--id",
            metavar="ID",
            show_default="a new one",
            help="Id of the event; a repeated id is recorded once.",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="FILE",
            callback=check_input,
            help="File of CloudEvents to send instead; - is stdin.",
        ),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Send a record event as a CloudEvent. It starts a run of each definition it triggers."""
    from baton.cli.server.client import connect
    from baton.cli.server.hints.nearest_definition import nearest_definition
    from baton.cli.terminal.output import print_json, print_line
    from baton.cli.terminal.visible import visible

    if (record is None) == (file is None):
        raise typer.BadParameter("name a record (orders/1001), or a --file with events")
    if file is not None:
        body, media = _load_events(file)
    else:
        body, media = _event(str(record), kind, data, event_id), STRUCTURED
    server = connect(url, token, tenant)
    sent = _send(server, body, media, file)
    if as_json:
        print_json(sent)
    else:
        print_line(
            f"{sent['accepted']} accepted, {sent['duplicates']} duplicates,"
            f" position {sent['position']}, {sent['matched']} matched"
        )
    if not sent["matched"] and body:
        typer.echo(visible(nearest_definition(server, body)), err=True)


def cloud_event(record: str, kind: str, data: object, event_id: str) -> dict[str, Any]:
    """Return a CloudEvent about a record (SLUG/ID)."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": kind,
        "subject": record,
        "datacontenttype": "application/json",
        "data": data,
    }


def _event(
    record: str, kind: str, data: dict[str, Any] | None, event_id: str | None
) -> dict[str, Any]:
    from uuid import uuid4

    return cloud_event(record, kind, data or {}, event_id or str(uuid4()))


def _send(server: "Server", body: object, media: str, file: Path | None) -> dict[str, Any]:
    """Send events; a refusal names their file, if there is one."""
    from baton.cli.server.refusals import BAD_REQUEST, ServerRefused

    try:
        sent: dict[str, Any] = server.call(
            "POST", "/events", body, media=media, of_options=file is None
        )
    except ServerRefused as error:
        if file is None or error.status != BAD_REQUEST:
            raise
        raise Failed(f"{file}: {error}") from None
    return sent


def _load_events(source: Path) -> tuple[Any, str]:
    """Return the content of a file of events and its media type.

    The file holds one CloudEvent, an array of them, or one plain record event.
    """
    from baton.cli.documents import load_document

    content = load_document(source)
    if isinstance(content, list):
        return content, BATCH
    if not isinstance(content, dict):
        raise Failed(f"{source} holds no event: expected an object or an array of objects")
    return content, STRUCTURED if "specversion" in content else "application/json"
