"""`baton functions …`: lists the functions that the executors of a server know."""

import typer

from baton.cli.options import AsJson, Tenant, Token, Url

app = typer.Typer(help="Functions that running executors know: list.")


@app.callback()
def _functions() -> None:
    """Keep `list` a subcommand although it is the only one."""


@app.command("list")
def list_functions(
    as_json: AsJson = False, url: Url = None, token: Token = None, tenant: Tenant = None
) -> None:
    """List the functions that a step can name, by its name or its id."""
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import in_terminal, print_json, print_note
    from baton.cli.terminal.tables import Column, print_table

    document = connect(url, token, tenant).get("/functions")
    if as_json:
        print_json(document)
        return
    if not document["executors"] and in_terminal():
        print_note("No executor runs: `baton dev` or `baton executor` starts one.")
        return
    columns = (
        Column(name="NAME"),
        Column(name="KIND"),
        Column(name="QUEUE", drop_order=1),
        Column(name="ID", drop_order=2),
    )
    rows = [
        (entry["name"], entry["kind"], entry.get("queue"), entry["id"])
        for entry in document["functions"]
    ]
    print_table(columns, rows)
