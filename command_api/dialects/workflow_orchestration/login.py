"""Login with a name and a password."""

from baton.command_api.admission.password_sign_in import sign_in_with_password
from baton.command_api.auditing.access_log import Caller
from baton.command_api.dialects.workflow_orchestration.requests import Login
from baton.command_api.http.origin import origin_of
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.actor import Actor


async def login(context: RequestContext) -> Reply:
    """Answer a valid password with a token; raises Refused 400, 401, 429."""
    await context.read_body()
    body = await context.parse(Login)
    issued = await sign_in_with_password(context, body.username, body.password)
    actor = Actor(issued.subject, "token")
    caller = Caller(tenant=issued.tenant, actor=actor, origin=origin_of(context.request))
    await context.services.accesses.signed_in(caller)
    shown = {"token": issued.token, "tokenType": "Bearer", "expiresIn": issued.expires_in_s}
    return context.reply(200, shown)
