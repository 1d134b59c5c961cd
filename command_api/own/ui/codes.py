"""/ui/session/codes: a link that signs a browser in, without a token in its address."""

from aiohttp import hdrs

from baton.command_api.dialect.contract import Route
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.empty_body import Nothing
from baton.command_api.own.ui.bodies import CodeBody
from baton.command_api.own.ui.session import sessions_of
from baton.command_api.principal import READ
from baton.command_api.security.auth import bearer_token
from baton.command_api.sessions.codes import make_code
from baton.command_api.ui.session_cookie import address_of
from baton.protocols.iso_time import format_time


async def _make_code(context: RequestContext) -> Reply:
    await context.parse(Nothing, required=False)
    if hdrs.AUTHORIZATION not in context.headers:
        message = "A session can't open further ones: send the token or the API key itself"
        raise Refused("forbidden", message)
    token, at = bearer_token(context.request), sessions_of(context).now()
    made = await make_code(context.services.keys, token, at=at)
    body = {
        "code": made.code,
        "url": f"{address_of(context.request)}/ui/#code={made.code}",
        "expiresAt": format_time(made.expires_at),
    }
    return context.reply(201, body)


ROUTES = (
    Route(
        method="POST",
        path="/ui/session/codes",
        handler=_make_code,
        scope=READ,
        summary="Make a code that opens one session with the rights of this token, in ten minutes",
        operation_id="createUiSessionCode",
        tag="Sessions",
        request=Nothing,
        request_required=False,
        response=CodeBody,
        example={
            "code": "QmFzZTY0IGlzIGZ1bg",
            "url": "http://127.0.0.1:8080/ui/#code=QmFzZTY0IGlzIGZ1bg",
            "expiresAt": "2026-01-05T09:10:00.000Z",
        },
        status=201,
        idempotent=False,
        problems={403: "The token lacks the scope, or a session asked"},
    ),
)
