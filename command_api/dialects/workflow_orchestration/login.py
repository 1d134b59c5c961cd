"""Login with a name and a password."""

from baton.command_api.admission.admission import CLAIMED, Claimed, connection_of
from baton.command_api.auditing.access_log import Caller
from baton.command_api.dialects.workflow_orchestration.requests import Login
from baton.command_api.http.origin import origin_of
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.actor import Actor
from baton.domain.stream import SERVER


async def login(context: RequestContext) -> Reply:
    """Answer a valid password with a token; raises Refused 400, 401, 429."""
    await context.read_body()
    body = await context.parse(Login)
    sign_in = context.services.sign_in
    if sign_in is None:
        message = "This server has no users"
        raise Refused("not_found", message)
    peer = connection_of(context.request).peer.name
    try:
        issued = await sign_in.sign_in(body.username, body.password, peer=peer)
    except Refused as refused:
        if refused.refusal.code == "unauthorized":
            tenant = await sign_in.tenant_of(body.username) or SERVER
            context.request[CLAIMED] = Claimed(body.username, tenant)
        raise
    actor = Actor(issued.subject, "token")
    caller = Caller(tenant=issued.tenant, actor=actor, origin=origin_of(context.request))
    await context.services.accesses.signed_in(caller)
    shown = {"token": issued.token, "tokenType": "Bearer", "expiresIn": issued.expires_in_s}
    return context.reply(200, shown)
