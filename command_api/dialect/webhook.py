"""Incoming webhooks: verify the signature, then start one run per delivery.

The signature is verified over the raw bytes, before the body is parsed.
"""

import re
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import quote, unquote

from baton.command_api.commands import admit_webhook_run, holder_of, start_run
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.claim.messages import path_claim
from baton.domain.definition.body_triggers import webhook_at, webhook_by_id, webhooks_of
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import WebhookTrigger
from baton.domain.errors import NotFound
from baton.domain.ids import derived_id
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import RequestRun
from baton.domain.run.state import State as Run
from baton.domain.run.trigger import ByWebhook
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import CommandResult
from baton.protocols.hmac_sha256 import TOLERANCE_S
from baton.protocols.webhook_signatures import (
    Delivery,
    WebhookRequest,
    signed_delivery,
    unsigned_delivery,
)

Answer: TypeAlias = Callable[[CommandResult[Run]], Reply]
REPLAY_MS = 2 * TOLERANCE_S * 1_000
"""The time for which the same body with the same signature is the same delivery."""

_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_PATH_CHARACTERS = "/!$&'()*+,;=:@~"
"""Characters of a path that need no encoding (RFC 3986, section 3.3), beside letters and digits."""


def normalized_path(path: str) -> str:
    """Return a configured path without a leading `/` and `webhooks/`, the form that is compared.

    Escapes are written in one way: only a character that needs one has it, in capitals.
    """
    relative = path.removeprefix("/").removeprefix("webhooks/")
    return _ESCAPES.sub(lambda escape: quote(unquote(escape[0]), safe=_PATH_CHARACTERS), relative)


def called_path(path: str) -> str:
    """Return the normalized form of a called path, which the server has decoded."""
    relative = path.removeprefix("/").removeprefix("webhooks/")
    return quote(relative, safe=_PATH_CHARACTERS)


async def receive_by_id(context: RequestContext, definition_id: str, answer: Answer) -> Reply:
    """Receive a call of a definition's webhook without a path, else of its first one.

    Args and Raises are those of `receive_by_path`.
    """
    definition = await context.services.definitions.get(context.tenant, definition_id)
    trigger = None if definition is None else webhook_by_id(definition.body)
    return await _receive(context, definition, trigger, answer)


async def receive_by_path(context: RequestContext, path: str, answer: Answer) -> Reply:
    """Receive a call of the webhook that has a path.

    Args:
        context: The request, on an open route.
        path: The path that is called, normalized.
        answer: Called with the result of the command; returns the dialect's reply.

    Raises:
        NotFound: There is no such webhook, or its definition was deleted.
        Refused: 401, the signature is missing or wrong; 429, the budget is spent.
        InConflict: The definition isn't active.

    """
    holder = await holder_of(context.services, context.tenant, path_claim(path))
    definition = None
    if holder is not None:
        definition = await context.services.definitions.get(context.tenant, holder)
    trigger = None if definition is None else webhook_at(definition.body, path)
    return await _receive(context, definition, trigger, answer)


async def _receive(
    context: RequestContext,
    definition: Definition | None,
    trigger: WebhookTrigger | None,
    answer: Answer,
) -> Reply:
    """Start a run with the request's body as its input.

    A delivery that is sent again returns the run of the first one. An unsigned webhook has a budget
    of calls, and a definition one of open runs. The body is read last.
    """
    if definition is None or definition.deleted or trigger is None:
        raise NotFound("webhook")
    signed = None
    if trigger.validate_signature:
        await context.read_body()
        signed = await _require_signature(context, trigger)
        context.check_headers()
    else:
        context.check_headers()
        _spend_call(context, definition, trigger)
        await context.read_body()

    async def start() -> Reply:
        delivery = signed or unsigned_delivery(context.headers)
        return answer(await _start(context, definition, trigger, delivery))

    return await context.idempotently(start)


def _spend_call(context: RequestContext, definition: Definition, trigger: WebhookTrigger) -> None:
    calls = context.services.budgets.webhook_calls
    wait_s = calls.take(f"{definition.tenant}/{definition.definition_id}/{trigger.path or ''}")
    if wait_s:
        message = "This webhook is called too often; try again later"
        raise Refused("rate_limited", message, headers={"Retry-After": str(wait_s)})


async def _require_signature(context: RequestContext, trigger: WebhookTrigger) -> Delivery:
    secret = None
    if trigger.secret_id is not None:
        secret = await context.services.secrets.get(context.tenant, trigger.secret_id)
    request = WebhookRequest(
        headers=context.headers,
        body=context.body,
        received_at=context.now(),
        signature_header=trigger.signature_header,
    )
    delivery = signed_delivery(request, secret or "")
    if delivery is None:
        message = "The signature is missing or wrong"
        raise Refused("unauthorized", message)
    return delivery


async def _start(
    context: RequestContext,
    definition: Definition,
    trigger: WebhookTrigger,
    delivery: Delivery | None,
) -> CommandResult[Run]:
    trigger_of_run = ByWebhook(path=trigger.configured_path or trigger.path or "webhook")
    caller = context.services.installation.caller_of(context.traceparent, trigger_of_run.kind)
    command = RequestRun(
        run_id=await _run_id(context, definition, trigger, delivery),
        definition=definition,
        trigger=trigger_of_run,
        actor=context.principal.actor,
        at=context.now(),
        input=await context.json_object(required=False),
        traceparent=caller.continued,
        linked_traceparent=caller.linked,
    )
    if not trigger.validate_signature:
        await admit_webhook_run(context.services, definition)
    return await start_run(context.services, command)


async def _run_id(
    context: RequestContext,
    definition: Definition,
    trigger: WebhookTrigger,
    delivery: Delivery | None,
) -> str:
    """Return the run's id: the same for a delivery that is sent again.

    Two webhooks of a definition may get deliveries with the same id from different senders. A
    delivery that isn't lasting is remembered by periods of `REPLAY_MS`, so a run of the period
    before may still be its run.
    """
    if delivery is None:
        return context.new_id()
    several = len(webhooks_of(definition.body)) > 1
    webhook = (trigger.path or "",) if several else ()
    cause = ("webhook", definition.definition_id, *webhook, delivery.key)
    if delivery.lasting:
        return derived_id(*cause)
    period = context.now() // REPLAY_MS
    before = derived_id(*cause, str(period - 1))
    stream = stream_name(definition.tenant, "run", before)
    run = (await load(context.services.store, RUN, stream)).state
    if run.requested_at > context.now() - REPLAY_MS:
        return before
    return derived_id(*cause, str(period))
