"""`baton ui`: prints a link that opens the web UI, signed in."""

from baton.cli.options import OpenBrowser, Tenant, Token, Url


def ui(
    open_it: OpenBrowser = False, url: Url = None, token: Token = None, tenant: Tenant = None
) -> None:
    """Print a link that opens the web UI, signed in with the rights of the token.

    The link holds a code instead of the token. It can be used once, within ten minutes.
    """
    from baton.cli.server.client import connect
    from baton.cli.terminal.browser import open_browser
    from baton.cli.terminal.output import print_line

    server = connect(url, token, tenant)
    code = server.call("POST", "/ui/session/codes")["code"]
    link = f"{server.url}/ui/#code={code}"
    print_line(link)
    if open_it:
        open_browser(link)
