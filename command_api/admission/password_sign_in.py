"""Sign-in with a name and a password, with the record of it if it fails."""

from baton.command_api.admission.admission import CLAIMED, Claimed, connection_of
from baton.command_api.http.refusal import Refused
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import IssuedToken
from baton.domain.stream import SERVER


async def sign_in_with_password(
    context: RequestContext, name: str, password: str, *, lifetime_s: int | None = None
) -> IssuedToken:
    """Return a token of the user; raises Refused 401, 404 and 429, and `Unavailable`.

    Args:
        context: The request.
        name: The user's name.
        password: The password.
        lifetime_s: Seconds for which the token is valid, None for the usual hour.
    """
    sign_in = context.services.sign_in
    if sign_in is None:
        message = "This server has no users"
        raise Refused("not_found", message)
    peer = connection_of(context.request).peer.name
    try:
        return await sign_in.sign_in(name, password, peer=peer, lifetime_s=lifetime_s)
    except Refused as refused:
        if refused.refusal.code == "unauthorized":
            tenant = await sign_in.tenant_of(name) or SERVER
            context.request[CLAIMED] = Claimed(name, tenant)
        raise
