"""Login with a name and a password."""

from baton.command_api.admission.admission import connection_of
from baton.command_api.dialects.workflow_orchestration.requests import Login
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext


async def login(context: RequestContext) -> Reply:
    """Answer a valid password with a token; raises Refused 400, 401, 429."""
    await context.read_body()
    body = await context.parse(Login)
    sign_in = context.services.sign_in
    if sign_in is None:
        message = "This server has no users"
        raise Refused("not_found", message)
    peer = connection_of(context.request).peer.name
    issued = await sign_in.sign_in(body.username, body.password, peer=peer)
    shown = {"token": issued.token, "tokenType": "Bearer", "expiresIn": issued.expires_in_s}
    return context.reply(200, shown)
