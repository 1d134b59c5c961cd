"""`baton hold` and `baton release`."""

from typing import Annotated

import typer

from baton.cli.options import AsJson, Tenant, Token, Url


def hold(
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="TEXT", help="Reason, shown while the server is held."),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Hold the whole server: no step starts, and nothing fires, until it is released.

    Running attempts may end, and their outcomes are recorded. Requests to start runs are still
    accepted: the runs wait.
    """
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_result

    body = {} if reason is None else {"reason": reason}
    document = connect(url, token, tenant).call("POST", "/system/hold", body=body)
    print_result(document, "The server is held: `baton release` lets it go on", as_json=as_json)


def release(
    as_json: AsJson = False, url: Url = None, token: Token = None, tenant: Tenant = None
) -> None:
    """Release a held server: everything that is due goes on."""
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_result

    document = connect(url, token, tenant).call("POST", "/system/release")
    print_result(document, "The server is released", as_json=as_json)
