"""Checks the `Host` of a request, and detects requests that a browser sent for another site.

A web page can send requests to a server on the visitor's own machine, also under a name of its own
that resolves to a loopback address (DNS rebinding). Such a request is recognized by that name.
"""

from aiohttp import hdrs, web

from baton.command_api.http.refusal import Refused
from baton.protocols.loopback import is_loopback

_MAX_ACCEPTED = 64


class Hosts:
    """The host names of one server; unless it listens on loopback, every name is accepted."""

    def __init__(self, configured: tuple[str, ...]) -> None:
        self._configured = frozenset(name.lower().rstrip(".") for name in configured)
        self._accepted: set[str] = set()
        self._limited = False

    def listen_on(self, host: str) -> None:
        """Limit the names if the server listens on a loopback address."""
        self._limited = is_loopback(host)

    def require_known(self, request: web.Request) -> None:
        """Raise Refused 421 for a name that isn't the server's, 400 for several."""
        values = request.headers.getall(hdrs.HOST, ())
        if len(values) > 1:
            message = "The request names several hosts"
            raise Refused("validation_error", message)
        if not self._limited:
            return
        if not request.raw_path.startswith("/"):
            self._require(request.host)  # of an absolute target, which precedes the header
        if values and values[0] not in self._accepted:
            self._require(values[0])

    def _require(self, host: str) -> None:
        name = name_of(host)
        if name not in self._configured and not is_loopback(name):
            message = "This server doesn't answer for this host; add the host to BATON_HOSTS"
            raise Refused("misdirected_request", message)
        if len(self._accepted) < _MAX_ACCEPTED:
            self._accepted.add(host)


def require_same_site(request: web.Request) -> None:
    """Raise Refused 403 for a request that a browser sends on behalf of another site.

    Opening a page by a link is fine: it is a GET whose response the other site can't read.
    """
    headers = request.headers
    site, origin = headers.get("Sec-Fetch-Site"), headers.get(hdrs.ORIGIN)
    if site is None and origin is None:
        return
    if request.method == hdrs.METH_GET and _opens_page(request) and origin is None:
        return
    if site not in (None, "same-origin", "none") or (origin is not None and _foreign(request)):
        message = "A page of another site can't send this request"
        raise Refused("forbidden", message)


def require_same_origin(request: web.Request) -> None:
    """Raise Refused 403 for a browser's request that comes from another origin.

    Pages at other ports of the same host are of the same site, but not of the same origin.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site not in (None, "same-origin") or (hdrs.ORIGIN in request.headers and _foreign(request)):
        message = "Only a page of this server can send this request with a session"
        raise Refused("forbidden", message)


def name_of(host: str) -> str:
    """Return the name in a `Host` header: without port, brackets and a final dot."""
    text = host.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].rstrip(".")


def _opens_page(request: web.Request) -> bool:
    headers = request.headers
    mode, dest = headers.get("Sec-Fetch-Mode"), headers.get("Sec-Fetch-Dest")
    return mode == "navigate" and dest == "document"


def _foreign(request: web.Request) -> bool:
    origins = request.headers.getall(hdrs.ORIGIN)
    _, separator, authority = origins[0].partition("://")
    own = request.headers.get(hdrs.HOST, "")
    return len(origins) > 1 or not separator or authority.lower() != own.lower()
