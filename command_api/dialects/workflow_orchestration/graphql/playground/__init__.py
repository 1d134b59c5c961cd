"""The playground: a page that sends operations to this server, and to nothing else.

Its policy allows the page its own script, style and server. The token stays in the page's memory.
"""

from importlib.resources import files
from typing import Final

from baton.command_api.http.reply import Reply

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    ("Content-Security-Policy", _POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)


def _asset(name: str, content_type: str) -> Reply:
    body = files(__name__).joinpath(name).read_bytes()
    return Reply(
        status=200, body=body, content_type=f"{content_type}; charset=utf-8", headers=_HEADERS
    )


PAGE: Final = _asset("playground.html", "text/html")
ASSETS: Final = {
    "playground.js": _asset("playground.js", "text/javascript"),
    "playground.css": _asset("playground.css", "text/css"),
}
