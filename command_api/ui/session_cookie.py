"""Sessions over HTTP: the cookie, the header with the other half, and the requests that may use it.

Each port has a cookie of its own, because cookies of one host are shared by all of its ports: two
servers on one machine would end each other's sessions.
"""

from typing import Final

from aiohttp import hdrs, web

from baton.command_api.admission.hosts import name_of, require_same_origin
from baton.command_api.http.refusal import Refused
from baton.command_api.security.auth import bearer_token
from baton.command_api.security.claims import unauthorized
from baton.command_api.sessions.sessions import NewSession, Session, Sessions
from baton.protocols.loopback import is_loopback

HALF: Final = "X-Baton-UI"
COOKIE: Final = "baton_ui"
_SECURE_PREFIX: Final = "__Host-"
_FORWARDED: Final = "X-Forwarded-Proto"


def credential_of(request: web.Request, sessions: Sessions | None) -> str:
    """Return the token or key of a request, by its Authorization header or else its session.

    Raises Refused 401, and 403 for a session that a page of another origin uses.

    Args:
        request: The request.
        sessions: The sessions that the route takes; None for a route that takes none.
    """
    if sessions is None or hdrs.AUTHORIZATION in request.headers:
        return bearer_token(request)
    return session_of(request, sessions).credential


def session_of(request: web.Request, sessions: Sessions) -> Session:
    """Return the session of a request; raises Refused as `credential_of` does."""
    cookie = cookie_in(request)
    if cookie is None:
        raise unauthorized()
    require_same_origin(request)
    halves = request.headers.getall(HALF, [])
    session = sessions.find(cookie, halves[0]) if len(halves) == 1 else None
    if session is None:
        message = f"The session has ended, or {HALF} isn't its half: sign in again"
        raise Refused("unauthorized", message, headers={hdrs.WWW_AUTHENTICATE: "Bearer"})
    return session


def cookie_in(request: web.Request) -> str | None:
    """Return the value of the session's cookie, None without one."""
    if hdrs.COOKIE not in request.headers:
        return None
    name = _name_for(request)
    return request.cookies.get(_SECURE_PREFIX + name) or request.cookies.get(name)


def set_cookie(request: web.Request, session: NewSession, *, seconds: int) -> str:
    """Return the `Set-Cookie` header of a new session."""
    name, flags = _name_for(request), ""
    if _is_encrypted(request):
        name, flags = _SECURE_PREFIX + name, "; Secure"
    return f"{name}={session.cookie}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Strict{flags}"


def drop_cookie(request: web.Request) -> str:
    """Return the `Set-Cookie` header that removes the cookie of a request."""
    name, flags = _name_for(request), ""
    if _SECURE_PREFIX + name in request.cookies:
        name, flags = _SECURE_PREFIX + name, "; Secure"
    return f"{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict{flags}"


def require_safe_transport(request: web.Request, sessions: Sessions) -> None:
    """Raise Refused 403 for a sign-in that others on the network could read."""
    if sessions.insecure or _is_encrypted(request) or is_loopback(name_of(request.host)):
        return
    message = (
        "Sign in over https: this connection isn't encrypted. BATON_UI_INSECURE=true of the server"
        " allows it anyway"
    )
    raise Refused("forbidden", message)


def address_of(request: web.Request) -> str:
    """Return the address of the server as the request names it."""
    return f"{'https' if _is_encrypted(request) else 'http'}://{request.host}"


def _is_encrypted(request: web.Request) -> bool:
    """Return whether the browser uses https, by its origin or by a proxy's header.

    A false header harms only the client that sends it.
    """
    origin = request.headers.get(hdrs.ORIGIN, "")
    forwarded = request.headers.get(_FORWARDED, "").partition(",")[0].strip().lower()
    return request.secure or origin.startswith("https://") or forwarded == "https"


def _name_for(request: web.Request) -> str:
    _, _, port = request.host.rpartition(":")
    return f"{COOKIE}_{port}" if port.isascii() and port.isdigit() else COOKIE
