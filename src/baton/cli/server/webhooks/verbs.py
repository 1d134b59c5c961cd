"""`baton webhooks …`: registrations, their deliveries and dead letters, redriving and testing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.cli.options import AsJson, Tenant, Token, Url
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.cli.server.client import Server
    from baton.cli.server.refusals import Subject

app = typer.Typer(help="Webhooks out: list, deliveries, redrive, test.")

PAGE = 500
STATUSES = ("pending", "delivered", "dead")

WebhookId = Annotated[
    str, typer.Argument(metavar="WEBHOOK", help="Id of the webhook, from `baton webhooks list`.")
]


def _check_status(value: str | None) -> str | None:
    if value is not None and value not in STATUSES:
        raise typer.BadParameter(f"must be one of {', '.join(STATUSES)}")
    return value


@app.command("list")
def list_webhooks(
    as_json: AsJson = False, url: Url = None, token: Token = None, tenant: Tenant = None
) -> None:
    """List the registered webhooks, the oldest first."""
    from baton.cli.server.client import connect
    from baton.cli.server.webhooks.tables import print_webhooks
    from baton.cli.terminal.output import print_json

    webhooks = list(_pages(connect(url, token, tenant), "/webhooks", "webhooks"))
    if as_json:
        print_json(webhooks)
    else:
        print_webhooks(webhooks)


@app.command()
def deliveries(
    webhook: WebhookId,
    status: Annotated[
        str | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            callback=_check_status,
            help="pending, delivered or dead; `dead` are the dead letters.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=PAGE, help="Number to show.")
    ] = 50,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """List the deliveries of a webhook, the newest first."""
    from baton.cli.server.client import connect
    from baton.cli.server.webhooks.tables import print_deliveries
    from baton.cli.terminal.output import in_terminal, print_json, print_note

    path = f"/webhooks/{_quoted(webhook)}/deliveries"
    server = connect(url, token, tenant)
    page = server.get(path, _subject(webhook), status=status, limit=limit)
    if as_json:
        print_json(page["deliveries"])
        return
    print_deliveries(page["deliveries"])
    if len(page["deliveries"]) < page["total"] and in_terminal():
        print_note(f"{len(page['deliveries'])} of {page['total']} deliveries: see --limit.")


@app.command()
def redrive(
    webhook: WebhookId,
    delivery: Annotated[
        str | None, typer.Argument(metavar="DELIVERY", help="Id of the delivery.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every dead delivery of the webhook.")
    ] = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Deliver a message again, at once and with all attempts."""
    from baton.cli.server.client import connect

    if (delivery is None) != everything:
        raise typer.BadParameter("name the id of a delivery, or --all")
    server, about = connect(url, token, tenant), _subject(webhook)
    path = f"/webhooks/{_quoted(webhook)}/deliveries"
    if delivery is not None:
        chosen = [delivery]
    else:
        dead = _pages(server, path, "deliveries", about, status="dead")
        chosen = [str(letter["id"]) for letter in dead]
    for delivery_id in chosen:
        one = _delivery(webhook, delivery_id)
        server.call("POST", f"{path}/{_quoted(delivery_id)}/redrive", about=one)
    typer.echo(f"{len(chosen)} redriven")


@app.command("test")
def send_test(
    webhook: WebhookId,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Post a signed test message to a webhook, once; exits 1 if the receiver refuses it."""
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_json, print_line

    server = connect(url, token, tenant)
    result = server.call("POST", f"/webhooks/{_quoted(webhook)}/test", about=_subject(webhook))
    if as_json:
        print_json(result)
    elif result["success"]:
        print_line(f"{result['status']} {result['message']}")
    if not result["success"]:
        raise Failed(f"The receiver refused the message: {result['message']}")


def _pages(
    server: "Server", path: str, member: str, about: "Subject | None" = None, **query: object
) -> Iterator[dict[str, Any]]:
    """Yield the items of every page of a list."""
    offset = 0
    while True:
        page = server.get(path, about, limit=PAGE, offset=offset, **query)
        yield from page[member]
        offset += len(page[member])
        if not page[member] or offset >= page["total"]:
            return


def _subject(webhook: str) -> "Subject":
    from baton.cli.server.refusals import Subject

    return Subject(
        kind="webhook",
        ident=webhook,
        others="`baton webhooks list` shows them",
        state=f"`baton webhooks deliveries {webhook}` shows its deliveries",
    )


def _delivery(webhook: str, delivery: str) -> "Subject":
    from baton.cli.server.refusals import Subject

    shown = f"`baton webhooks deliveries {webhook}` shows them"
    return Subject(kind="delivery", ident=delivery, others=shown, state=shown)


def _quoted(ident: str) -> str:
    from urllib.parse import quote

    return quote(ident, safe="")
