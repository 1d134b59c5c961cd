"""POST /audit/verifications: verifies every stored event, and keeps the result.

Requests are answered meanwhile.
"""

from typing import Final, Literal

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.paging import limit_parameter
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.query_parameters import integer
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.audit.actions import Wanted, read_actions
from baton.command_api.own.cursors import CURSOR_PARAMETER, parse_cursor, render_cursor
from baton.command_api.principal import ADMIN
from baton.domain.errors import NotFound
from baton.domain.json import JsonObject
from baton.domain.stream import stream_parts
from baton.domain.verification.messages import Finding, RequestVerification
from baton.domain.verification.state import State
from baton.protocols.iso_time import format_time

MAX_LIMIT: Final = 100
_REQUESTED: Final = frozenset(("verification.VerificationRequested",))


class FirstBreak(BaseModel):
    """The first place where the log differs from the signed one.

    Its stream is shown if it belongs to the tenant.
    """

    reason: str
    position: int | None = None
    stream: str | None = None
    version: int | None = None


class FindingShown(BaseModel):
    """The result: the numbers of checked events, streams and heads, of all tenants."""

    events: int
    streams: int
    position: int
    sealed: int = Field(description="Events that a signed head covers; newer ones have none yet")
    heads: int
    head_size: int | None = Field(default=None, alias="headSize")
    head_root: str | None = Field(default=None, alias="headRoot")
    signed_by: list[str] = Field(
        alias="signedBy", description="The keys that may have signed; none if no key is known"
    )
    first_break: FirstBreak | None = Field(default=None, alias="firstBreak")


class ProgressShown(BaseModel):
    """The position up to which the log is checked, and the last one that will be."""

    position: int
    last: int


class VerificationShown(BaseModel):
    """A verification of the log; `failed` means that it ended without a result.

    `progress` is shown by the server that runs it.
    """

    id: str
    status: Literal["running", "verified", "broken", "failed"]
    requested_by: str = Field(alias="requestedBy")
    requested_at: str = Field(alias="requestedAt")
    ended_at: str | None = Field(default=None, alias="endedAt")
    progress: ProgressShown | None = None
    finding: FindingShown | None = None
    failure: str | None = None


class VerificationPage(BaseModel):
    """Verifications, the newest first; `next` is the `cursor` of the next page.

    A page reads a limited part of the log: it may hold none and still not be the last one.
    """

    verifications: list[VerificationShown]
    next: str | None = None


class NoBody(BaseModel):
    """An object without members."""


async def _request(context: RequestContext) -> Reply:
    await context.parse(NoBody, required=False)
    verifications = context.services.verifications
    running = verifications.running(context.tenant)
    if running is not None:
        message = f"The verification {running} is running; wait for its end"
        raise Refused("conflict", message)
    command = RequestVerification(
        tenant=context.tenant,
        verification_id=context.new_id(),
        actor=context.principal.actor,
        at=context.now(),
    )
    result = await verifications.request(command)
    return context.reply(202, _shown(context, result.state), position=result.position)


async def _list(context: RequestContext) -> Reply:
    limit = integer(context.query, "limit", 20, at_least=1, at_most=MAX_LIMIT)
    leaves, cursor = context.services.leaves, parse_cursor(context.query)
    before = cursor[0] if cursor else await leaves.newest() + 1
    wanted = Wanted(tenant=context.tenant, actions=_REQUESTED)
    page = await read_actions(leaves, wanted, before=max(1, before), limit=limit)
    idents = [stream_parts(action.stream).id for action in page.actions]
    get = context.services.verifications.get
    verifications = [await get(context.tenant, ident) for ident in idents]
    body = {
        "verifications": [_shown(context, verification) for verification in verifications],
        "next": None if page.before is None else render_cursor(page.before, "verification"),
    }
    return context.reply(200, without_none(body))


async def _show(context: RequestContext) -> Reply:
    ident = context.params["verificationId"]
    verification = await context.services.verifications.get(context.tenant, ident)
    if verification.requested_by is None:
        raise NotFound("verification", ident)
    return context.reply(200, _shown(context, verification))


def _shown(context: RequestContext, verification: State) -> JsonObject:
    status, ended, finding = (
        verification.status_at(context.now()),
        verification.ended_at,
        verification.finding,
    )
    progress = context.services.verifications.progress(verification.verification_id)
    return without_none(
        {
            "id": verification.verification_id,
            "status": status,
            "requestedBy": verification.requested_by.subject if verification.requested_by else "",
            "requestedAt": format_time(verification.requested_at),
            "endedAt": None if ended is None else format_time(ended),
            "progress": dict(zip(("position", "last"), progress, strict=True))
            if progress
            else None,
            "finding": None if finding is None else _finding(finding, context.tenant),
            "failure": verification.failure,
        }
    )


def _finding(finding: Finding, tenant: str) -> JsonObject:
    return without_none(
        {
            "events": finding.events,
            "streams": finding.streams,
            "position": finding.position,
            "sealed": finding.sealed,
            "heads": finding.heads,
            "headSize": finding.head_size,
            "headRoot": finding.head_root,
            "signedBy": list(finding.signed_by),
            "firstBreak": None if finding.break_reason is None else _break(finding, tenant),
        }
    )


def _break(finding: Finding, tenant: str) -> JsonObject:
    stream = finding.break_stream
    own = stream is not None and stream_parts(stream).tenant == tenant
    return without_none(
        {
            "reason": finding.break_reason if own or stream is None else "an event is broken",
            "position": finding.break_position,
            "stream": stream if own else None,
            "version": finding.break_version if own else None,
        }
    )


_EXAMPLE: JsonObject = {
    "id": "d3c0u8h6gtk2q1v9m4tg",
    "status": "verified",
    "requestedBy": "ada",
    "requestedAt": "2026-01-05T09:00:00.000Z",
    "endedAt": "2026-01-05T09:00:21.400Z",
    "finding": {
        "events": 1000000,
        "streams": 110000,
        "position": 1000000,
        "sealed": 999871,
        "heads": 212,
        "headSize": 999871,
        "headRoot": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "signedBy": ["baton+c74f20a3+AZhE9cFf8Yt4mX1nP0lzVQmR5vYBZ0d3yVbZ4uYH3ycs"],
    },
}

ROUTES = (
    Route(
        method="POST",
        path="/audit/verifications",
        handler=_request,
        operation_id="requestVerification",
        scope=ADMIN,
        summary="Verify every stored event against its leaf and the signed heads",
        tag="Audit",
        request=NoBody,
        request_required=False,
        response=VerificationShown,
        example={name: _EXAMPLE[name] for name in ("id", "requestedBy", "requestedAt")}
        | {"status": "running"},
        status=202,
        problems={
            400: "Invalid body",
            403: "The token lacks the scope orchestrator:admin",
            409: "A verification of the tenant is running",
        },
    ),
    Route(
        method="GET",
        path="/audit/verifications",
        handler=_list,
        operation_id="listVerifications",
        scope=ADMIN,
        summary="List verifications of the log, the newest first",
        tag="Audit",
        response=VerificationPage,
        example={"verifications": [_EXAMPLE]},
        query=(
            CURSOR_PARAMETER,
            limit_parameter(20, MAX_LIMIT),
        ),
        problems={400: "Invalid parameter", 403: "The token lacks the scope orchestrator:admin"},
    ),
    Route(
        method="GET",
        path="/audit/verifications/{verificationId}",
        handler=_show,
        operation_id="getVerification",
        scope=ADMIN,
        summary="Get a verification and its result",
        tag="Audit",
        response=VerificationShown,
        example=_EXAMPLE,
        problems={
            403: "The token lacks the scope orchestrator:admin",
            404: "The tenant has no such verification",
        },
    ),
)
