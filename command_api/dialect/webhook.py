"""Incoming webhooks: verify the signature, then start one run per delivery.

The signature is verified over the raw bytes, before the body is parsed.
"""

from collections.abc import Callable

from baton.command_api.commands import admit_webhook_run, start_run
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
    """Return a webhook path without a leading `/` and `webhooks/`, the form that is compared."""
    return path.removeprefix("/").removeprefix("webhooks/")


async def receive_webhook(
    context: RequestContext,
    definition: Definition | None,
    answer: Callable[[CommandResult[Run]], Reply],
) -> Reply:
    """Start a run with the request's body as its input.

    A repeated `webhook-id` returns the run of the first delivery.

    Args:
        context: The request, on an open route.
        definition: The definition that the route's path names, if any.
        answer: Called with the result of the command; returns the dialect's reply.

    An unsigned webhook has a budget of calls and of open runs. The body is read last.

    Raises:
        NotFound: The definition doesn't exist, was deleted, or has no webhook.
        Refused: 401, the signature is missing or wrong; 429, the budget is spent.
        InConflict: The definition isn't active.

    """
    if definition is None or definition.deleted:
        raise NotFound("webhook")
    trigger = definition.body.trigger
    if not isinstance(trigger, WebhookTrigger):
        raise NotFound("webhook")
    if trigger.validate_signature:
        await context.read_body()
        await _require_signature(context, trigger)
        context.check_headers()
    else:
        context.check_headers()
        _spend_call(context, definition)
        await context.read_body()

    async def start() -> Reply:
        return answer(await _start(context, definition, trigger))

    return await context.idempotently(start)


def _spend_call(context: RequestContext, definition: Definition) -> None:
    calls = context.services.budgets.webhook_calls
    wait_s = calls.take(f"{definition.tenant}/{definition.definition_id}")
    if wait_s:
        message = "This webhook is called too often; try again later"
        raise Refused("rate_limited", message, headers={"Retry-After": str(wait_s)})


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
    delivery = delivery_id(context.headers)
    run_id = (
        context.new_id()
        if delivery is None
        else derived_id("webhook", definition.definition_id, delivery)
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
    if not trigger.validate_signature:
        await admit_webhook_run(context.services, definition)
    return await start_run(context.services, command)
