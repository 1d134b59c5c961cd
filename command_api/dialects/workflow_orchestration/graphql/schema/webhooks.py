"""Webhook registrations: their types, their query, and their mutations.

A secret is shown by the mutations that register and change a webhook, and by nothing else.
"""

from typing import Annotated

import strawberry
from strawberry import ID, UNSET
from strawberry.scalars import JSON

from baton.command_api.as_of import PRESENT_ONLY, refuse_as_of
from baton.command_api.commands import (
    delete_webhook,
    register_webhook,
    update_webhook,
    webhook_secret,
)
from baton.command_api.commands.webhook_tests import post_test_message
from baton.command_api.dialects.workflow_orchestration.graphql.cursors import require_page
from baton.command_api.dialects.workflow_orchestration.graphql.limits import DEFAULT_PAGE
from baton.command_api.dialects.workflow_orchestration.graphql.operation import (
    Operation,
    OperationInfo,
)
from baton.command_api.dialects.workflow_orchestration.graphql.schema.inputs import read_input
from baton.command_api.dialects.workflow_orchestration.graphql.schema.scalars import DateTime
from baton.command_api.dialects.workflow_orchestration.webhooks.requests import (
    RegisterWebhook,
    TryWebhook,
    UpdateWebhook,
)
from baton.command_api.http.query_parameters import AS_OF
from baton.command_api.http.refusal import refused_field
from baton.domain.frozen import frozen
from baton.domain.webhook.state import State
from baton.projector.views.webhooks.view import Document
from baton.protocols.iso_time import format_time

_MAX_OFFSET = 2**31 - 1


@strawberry.type(description="A registered webhook")
class Webhook:
    """A registered webhook."""

    id: ID
    url: str
    events: list[str]
    secret: str | None = strawberry.field(
        description="Shown only by the mutations that register or change the webhook"
    )
    active: bool
    created_at: DateTime
    ordered: bool = strawberry.field(
        description="Whether the deliveries of each execution keep their order"
    )


@strawberry.type(description="The outcome of a test message")
class WebhookTest:
    """The outcome of a test message."""

    success: bool
    status_code: int | None
    message: str


@strawberry.input(description="A new webhook; without a secret, one is made")
class RegisterWebhookInput:
    """A new webhook; without a secret, one is made."""

    url: str
    events: list[str]
    secret: str | None = UNSET
    active: bool = True
    ordered: bool = False


@strawberry.input(description="A change of a webhook; members that are left out stay as they are")
class UpdateWebhookInput:
    """A change of a webhook; members that are left out stay as they are."""

    url: str | None = UNSET
    events: list[str] | None = UNSET
    secret: str | None = UNSET
    active: bool | None = UNSET
    ordered: bool | None = UNSET


@strawberry.input(description="A message that is posted once and recorded nowhere")
class TestWebhookInput:
    """A message that is posted once and recorded nowhere."""

    __test__ = False

    url: str
    event: str
    payload: JSON | None = UNSET
    secret: str | None = UNSET


@frozen
class Registered:
    """A registration; `secret` is None where it isn't shown."""

    id: str
    url: str
    events: tuple[str, ...]
    secret: str | None
    active: bool
    created_at: str
    ordered: bool


@frozen
class Tested:
    """The outcome of a test message."""

    success: bool
    status_code: int | None
    message: str


_Ident = Annotated[ID, strawberry.argument(name="id")]
_Registration = Annotated[RegisterWebhookInput, strawberry.argument(name="input")]
_Change = Annotated[UpdateWebhookInput, strawberry.argument(name="input")]
_Message = Annotated[TestWebhookInput, strawberry.argument(name="input")]


async def list_webhooks(
    info: OperationInfo, first: int = DEFAULT_PAGE, offset: int = 0
) -> list[Registered]:
    """Return registrations, the oldest first; raises Refused 400."""
    context, size = info.context.context, require_page(first)
    if AS_OF in context.query:
        refuse_as_of(PRESENT_ONLY)
    if not 0 <= offset <= _MAX_OFFSET:
        raise refused_field(f"offset must be from 0 to {_MAX_OFFSET}", "offset")
    found, _ = await context.services.webhooks.registrations.page(
        context.tenant, offset=offset, limit=size
    )
    return [_listed(one) for one in found]


async def register(info: OperationInfo, given: _Registration) -> Registered:
    """Register a URL and show its secret; raises Refused 400."""
    context = info.context.writer()
    body = read_input(context, RegisterWebhook, given).body()
    outcome = await register_webhook(
        context.services, context.principal, context.new_id(), body, at=context.now()
    )
    await info.context.accepted(outcome.position)
    return await _with_secret(info.context, outcome.state)


async def update(info: OperationInfo, ident: _Ident, given: _Change) -> Registered:
    """Change a registration and show its secret; raises Refused 400, NotFound."""
    context = info.context.writer()
    change = read_input(context, UpdateWebhook, given)
    outcome = await update_webhook(
        context.services, context.principal, ident, change.after, at=context.now()
    )
    await info.context.accepted(outcome.position)
    return await _with_secret(info.context, outcome.state)


async def delete(info: OperationInfo, ident: _Ident) -> bool:
    """Delete a registration; raises NotFound."""
    context = info.context.writer()
    outcome = await delete_webhook(context.services, context.principal, ident, at=context.now())
    await info.context.accepted(outcome.position)
    return True


async def test(info: OperationInfo, given: _Message) -> Tested:
    """Post a message once and return what became of it; raises Refused 400."""
    context = info.context.writer()
    message = read_input(context, TryWebhook, given).message()
    outcome = await post_test_message(context.services, context.caller, message, at=context.now())
    return Tested(success=outcome.success, status_code=outcome.status, message=outcome.message)


def _listed(webhook: Document) -> Registered:
    return Registered(
        id=webhook.id,
        url=webhook.url,
        events=webhook.events,
        secret=None,
        active=webhook.active,
        created_at=format_time(webhook.created_at),
        ordered=webhook.ordered,
    )


async def _with_secret(operation: Operation, webhook: State) -> Registered:
    operation.shows_secret = True
    return Registered(
        id=webhook.webhook_id,
        url=webhook.url,
        events=webhook.events,
        secret=await webhook_secret(operation.context.services, webhook),
        active=webhook.active,
        created_at=format_time(webhook.created_at),
        ordered=webhook.ordered,
    )
