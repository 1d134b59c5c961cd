"""/ui/session: signs a browser in and out. A page never sees a token: it sends half a session."""

from aiohttp import hdrs

from baton.command_api.admission.admission import ADMISSION
from baton.command_api.admission.password_sign_in import sign_in_with_password
from baton.command_api.auditing.access_log import Caller
from baton.command_api.dialect.contract import HeaderParameter, Route
from baton.command_api.http.origin import origin_of
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.ui.bodies import NewSessionBody, SessionBody, SignInBody
from baton.command_api.principal import Identity
from baton.command_api.security.claims import unauthorized
from baton.command_api.sessions.codes import redeem_code
from baton.command_api.sessions.sessions import (
    LIFETIME_MS,
    CredentialTooLong,
    NewSession,
    Sessions,
)
from baton.command_api.ui.session_cookie import (
    HALF,
    cookie_in,
    drop_cookie,
    require_safe_transport,
    session_of,
    set_cookie,
)
from baton.domain.json import JsonObject
from baton.protocols.iso_time import format_time


def sessions_of(context: RequestContext) -> Sessions:
    """Return the sessions of this server; raises Refused 404 if it has none."""
    sessions = context.services.sessions
    if sessions is None:
        message = "This server has no sessions"
        raise Refused("not_found", message)
    return sessions


async def _sign_in(context: RequestContext) -> Reply:
    sessions = sessions_of(context)
    require_safe_transport(context.request, sessions)
    await context.read_body()
    body = await context.parse(SignInBody)
    body.require_one()
    credential = await _credential(context, body, sessions)
    identity = await _identify(context, credential)
    session = _begin(context, sessions, credential, identity)
    await context.services.accesses.signed_in(_caller(context, identity))
    seconds = LIFETIME_MS // 1_000
    shown = {**_rendered(identity, session.expires_at), "half": session.half}
    cookie = set_cookie(context.request, session, seconds=seconds)
    return context.reply(201, shown, headers={hdrs.SET_COOKIE: cookie})


async def _credential(context: RequestContext, body: SignInBody, sessions: Sessions) -> str:
    """Return the token or the key of a body; raises Refused 401, 404 and 429."""
    if body.name is not None and body.password is not None:
        lifetime_s = LIFETIME_MS // 1_000
        issued = await sign_in_with_password(
            context, body.name, body.password, lifetime_s=lifetime_s
        )
        return issued.token
    if body.code is not None:
        credential = await redeem_code(context.services.keys, body.code, at=sessions.now())
        if credential is None:
            message = "The code was used, or has ended: `baton ui` makes another one"
            raise Refused("unauthorized", message, headers={hdrs.WWW_AUTHENTICATE: "Bearer"})
        return credential
    return body.token or body.api_key or ""


async def _identify(context: RequestContext, credential: str) -> Identity:
    if not credential.isascii() or not credential.isprintable():
        raise unauthorized()
    identity = await context.services.authenticator.identify(credential)
    context.request.app[ADMISSION].trust(context.request, identity)
    return identity


def _begin(
    context: RequestContext, sessions: Sessions, credential: str, identity: Identity
) -> NewSession:
    until, now = identity.expires_at, context.services.clock.now()
    try:
        return sessions.begin(credential, valid_ms=None if until is None else until - now)
    except CredentialTooLong:
        message = "The token is too long for a session: sign in with an API key or a shorter token"
        raise Refused("validation_error", message) from None


async def _show(context: RequestContext) -> Reply:
    session = session_of(context.request, sessions_of(context))
    identity = await _identify(context, session.credential)
    return context.reply(200, _rendered(identity, session.expires_at))


async def _sign_out(context: RequestContext) -> Reply:
    """End the session of the cookie, also without its half: no page of another site gets here."""
    sessions, cookie = sessions_of(context), cookie_in(context.request)
    session = None if cookie is None else sessions.open(cookie)
    if session is not None and cookie is not None:
        identity = await _identify_or_none(context, session.credential)
        sessions.end(cookie)
        if identity is not None:
            await context.services.accesses.signed_out(_caller(context, identity))
    return context.reply(204, headers={hdrs.SET_COOKIE: drop_cookie(context.request)})


async def _identify_or_none(context: RequestContext, credential: str) -> Identity | None:
    try:
        return await context.services.authenticator.identify(credential)
    except Refused:
        return None


def _caller(context: RequestContext, identity: Identity) -> Caller:
    return Caller(
        tenant=identity.tenants[0], actor=identity.actor, origin=origin_of(context.request)
    )


def _rendered(identity: Identity, expires_at: int) -> JsonObject:
    return {
        "subject": identity.subject,
        "tenants": list(identity.tenants),
        "scopes": sorted(identity.scopes),
        "expiresAt": format_time(expires_at),
    }


_EXAMPLE: JsonObject = {
    "subject": "ada",
    "tenants": ["demo"],
    "scopes": ["orchestrator:read", "orchestrator:write"],
    "expiresAt": "2026-01-05T21:00:00.000Z",
}
_HALF_HEADER = HeaderParameter(
    name=HALF,
    schema={"type": "string"},
    description="The half of the session that its page keeps; the cookie is the other one",
)

ROUTES = (
    Route(
        method="POST",
        path="/ui/session",
        handler=_sign_in,
        scope=None,
        summary="Sign a browser in: sets a cookie, and returns the other half of the session",
        operation_id="signInToUi",
        tag="Sessions",
        request=SignInBody,
        request_example={"code": "QmFzZTY0IGlzIGZ1bg"},
        response=NewSessionBody,
        example={**_EXAMPLE, "half": "T25lIGhhbGYgb2YgYSBzZXNzaW9u"},
        status=201,
        problems={
            400: "Invalid body",
            401: "The credential isn't valid, or the code was used before",
            403: "Another site's page sent it, or the connection isn't encrypted",
            429: "Too many sign-ins",
        },
    ),
    Route(
        method="GET",
        path="/ui/session",
        handler=_show,
        scope=None,
        summary="The session of a browser",
        operation_id="getUiSession",
        tag="Sessions",
        response=SessionBody,
        example=_EXAMPLE,
        headers=(_HALF_HEADER,),
        problems={
            401: "There is no session, or it has ended",
            403: "A page of another origin sent it",
        },
    ),
    Route(
        method="DELETE",
        path="/ui/session",
        handler=_sign_out,
        scope=None,
        summary="Sign a browser out: ends its session at this server, and removes the cookie",
        operation_id="signOutOfUi",
        tag="Sessions",
        status=204,
        problems={403: "A page of another site sent it"},
    ),
)
