"""Incoming webhooks, by id and by path: open routes, the same in both dialects.

The body, an object, is the run's input. A trigger with `validateSignature` demands a signature.
"""

from pydantic import BaseModel, RootModel

from baton.command_api.dialect.contract import Handler, Route
from baton.command_api.dialect.webhook import called_path, receive_by_id, receive_by_path
from baton.command_api.http.reply import Reply, json_reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.json import JsonObject
from baton.domain.run.state import State as Run
from baton.eventlog.loops.transact import CommandResult

_PROBLEMS = {
    400: "The body isn't a JSON object",
    401: "Invalid signature",
    404: "No orchestration has this webhook",
    409: "The orchestration isn't active",
    413: "The body is too large",
    415: "The body isn't JSON",
    421: "This server doesn't answer for this host",
    422: "The Idempotency-Key belongs to another request",
    429: "The webhook is called too often, or has too many open runs",
    503: "The service can't answer now; try again later",
}


class WebhookBody(RootModel[JsonObject]):
    """Any JSON object; it becomes the run's input."""


class WebhookAccepted(BaseModel):
    """The run that the webhook started."""

    runId: str  # noqa: N815 - the member's name
    status: str


async def _by_id(context: RequestContext) -> Reply:
    return await receive_by_id(context, context.params["id"], _accepted)


async def _by_path(context: RequestContext) -> Reply:
    path = called_path(context.params["path"].removesuffix("/"))
    return await receive_by_path(context, path, _accepted)


def _accepted(outcome: CommandResult[Run]) -> Reply:
    answer = WebhookAccepted(runId=outcome.state.run_id, status="pending")
    return json_reply(200, answer.model_dump(), position=outcome.position)


def _route(path: str, handler: Handler, operation_id: str, summary: str) -> Route:
    return Route(
        method="POST",
        path=path,
        handler=handler,
        scope=None,
        verifies_signature=True,
        summary=summary,
        operation_id=operation_id,
        tag="Webhooks",
        request=WebhookBody,
        request_required=False,
        trailing_slash=True,
        response=WebhookAccepted,
        problems=_PROBLEMS,
    )


ROUTES = (
    _route("/orchestrations/{id}/webhook", _by_id, "receiveWebhookById", "Webhook trigger by ID"),
    _route("/webhooks/{path:.+}", _by_path, "receiveWebhookByPath", "Webhook trigger by path"),
)
