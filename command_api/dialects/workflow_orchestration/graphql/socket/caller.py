"""Identifies the caller of a socket: by the Authorization header, or by that of `connection_init`.

The payload of `connection_init` may also name the tenant, as `X-Tenant`, for a token of several.
"""

from dataclasses import dataclass

from baton.command_api.admission.admission import ADMISSION
from baton.command_api.dialect.contract import FromToken
from baton.command_api.http.refusal import Refused
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import READ, Identity, Principal
from baton.command_api.security import auth
from baton.domain.json import JsonObject

_AUTHORIZATION = "authorization"
_TENANT = FromToken()


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller, and the credential that must stay valid."""

    principal: Principal
    credential: str


async def identify(context: RequestContext, payload: JsonObject) -> Caller:
    """Return the caller; raises Refused 401, 403 and 400, and `Unavailable`.

    A failed authentication counts like one over HTTP.
    """
    request = context.request
    admission = request.app[ADMISSION]
    try:
        credential = _credential(context, payload)
        identity = await context.services.authenticator.identify(credential)
        admission.trust(request, identity)
        tenant = _tenant(context, identity, payload)
        auth.require_scope(identity, READ)
    except Refused as refused:
        await admission.refuse(request, refused.refusal, {})
        raise
    principal = Principal(
        subject=identity.subject,
        tenant=tenant,
        scopes=identity.scopes,
        method=identity.method,
        key_id=identity.key_id,
    )
    return Caller(principal, credential)


def _credential(context: RequestContext, payload: JsonObject) -> str:
    value = _member(payload, _AUTHORIZATION)
    return auth.bearer_token(context.request) if value is None else auth.credential_in(value)


def _tenant(context: RequestContext, identity: Identity, payload: JsonObject) -> str:
    tenant = _member(payload, _TENANT.header.lower())
    if tenant is None:
        return auth.tenant_of(context.request, identity, _TENANT)
    return auth.require_tenant(identity, tenant)


def _member(payload: JsonObject, name: str) -> str | None:
    """Return a member of the payload, whatever the case of its name; None without a text."""
    member = next((value for key, value in payload.items() if key.lower() == name), None)
    return member if isinstance(member, str) else None
