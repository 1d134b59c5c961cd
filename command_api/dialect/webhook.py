"""A webhook that comes in starts a run: who may, with what, and once per delivery.

The signature is checked over the raw bytes before anything is read out of them.
"""

from collections.abc import Callable

from baton.command_api.commands import start_run
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import WebhookTrigger
from baton.domain.errors import NotFound
from baton.domain.ids import derived_id
from baton.domain.run.messages import RequestRun
from baton.domain.run.state import State as Run
from baton.domain.run.trigger import ByWebhook
from baton.eventlog.loops.transact import CommandResult
from baton.protocols.webhook_signatures import WebhookRequest, delivery_id, is_signed


def normalized_path(path: str) -> str:
    """Return a webhook path as it is compared: no leading `/`, no leading `webhooks/`."""
    return path.removeprefix("/").removeprefix("webhooks/")


async def receive_webhook(
    context: RequestContext,
    definition: Definition | None,
    answer: Callable[[CommandResult[Run]], Reply],
) -> Reply:
    """Start a run with the body as input, and return what `answer` makes of it.

    The same `webhook-id` again leads to the same run. Raises NotFound where no webhook is, Refused
    401 for a missing or wrong signature, InConflict when the definition is not active.
    """
    if definition is None or definition.deleted:
        raise _nothing_here()
    trigger = definition.body.trigger
    if not isinstance(trigger, WebhookTrigger):
        raise _nothing_here()
    if trigger.validate_signature:
        await _require_signature(context, trigger)

    async def work() -> Reply:
        return answer(await _start(context, definition, trigger))

    return await context.idempotently(work)


async def _require_signature(context: RequestContext, trigger: WebhookTrigger) -> None:
    secret = None
    if trigger.secret_id is not None:
        secret = await context.services.secrets.get(context.tenant, trigger.secret_id)
    request = WebhookRequest(
        headers=context.headers,
        body=context.body,
        received_at=context.now(),
        signature_header=trigger.signature_header,
    )
    if not is_signed(request, secret or ""):
        message = "The signature is missing or wrong"
        raise Refused("unauthorized", message)


async def _start(
    context: RequestContext, definition: Definition, trigger: WebhookTrigger
) -> CommandResult[Run]:
    sent_as = delivery_id(context.headers)
    run_id = (
        context.new_id()
        if sent_as is None
        else derived_id("webhook", definition.definition_id, sent_as)
    )
    command = RequestRun(
        run_id=run_id,
        definition=definition,
        trigger=ByWebhook(path=trigger.configured_path or trigger.path or "webhook"),
        actor=context.principal.actor,
        at=context.now(),
        input=await context.json_object(required=False),
        traceparent=context.traceparent,
    )
    return await start_run(context.services, command)


def _nothing_here() -> NotFound:
    return NotFound("webhook")
