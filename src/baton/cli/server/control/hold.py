"""`baton hold` and `baton release`."""

from typing import Any

from baton.cli.options import AsJson, Reason, Tenant, Token, Url


def hold(
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Hold the whole server: no step starts, and nothing fires, until it is released.

    Attempts under way may end, and their outcomes are recorded. Requests are taken as ever: the
    runs that they start wait.
    """
    from baton.cli.server.client import connect

    body = {} if reason is None else {"reason": reason}
    document = connect(url, token, tenant).call("POST", "/system/hold", body=body)
    _show(document, "The server is held: `baton release` lets it go on", as_json=as_json)


def release(
    as_json: AsJson = False, url: Url = None, token: Token = None, tenant: Tenant = None
) -> None:
    """Release a held server: everything that is due goes on."""
    from baton.cli.server.client import connect

    document = connect(url, token, tenant).call("POST", "/system/release")
    _show(document, "The server is released", as_json=as_json)


def _show(document: Any, sentence: str, *, as_json: bool) -> None:
    from baton.cli.terminal.output import print_json, print_line

    if as_json:
        print_json(document)
    else:
        print_line(sentence)
