"""The operations on webhooks; they also make their part of the OpenAPI document."""

from typing import Final

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.webhooks_out.kept_secrets import show_secret
from baton.command_api.dialects.workflow_orchestration.webhooks import (
    deliveries,
    documents,
    examples,
    registrations,
)
from baton.command_api.dialects.workflow_orchestration.webhooks.requests import (
    Nothing,
    RegisterWebhook,
    TryWebhook,
    UpdateWebhook,
)
from baton.command_api.principal import READ, WRITE

_TAG: Final = "Webhooks"
_DENIED: Final = {
    403: "The token belongs to another tenant or lacks the scope",
    406: "The Accept header names a version that doesn't exist",
}
_LISTED: Final = {**_DENIED, 400: "Invalid parameter"}
_ABSENT: Final = {**_DENIED, 404: "Not found"}
_BODY: Final = {
    400: "Invalid request body",
    413: "The body is too large",
    415: "The body isn't JSON",
}
_KEYED: Final = {409: "Conflict", 422: "The Idempotency-Key belongs to another request"}
_PAGE: Final = (
    QueryParameter(
        name="limit",
        schema={
            "type": "integer",
            "default": registrations.DEFAULT_LIMIT,
            "minimum": 1,
            "maximum": registrations.MAX_LIMIT,
        },
        description="Maximum number of results to return",
    ),
    QueryParameter(
        name="offset",
        schema={"type": "integer", "default": 0, "minimum": 0},
        description="Number of results to skip",
    ),
)

WEBHOOK_ROUTES: Final = (
    Route(
        method="GET",
        path="/webhooks",
        handler=registrations.list_all,
        scope=READ,
        summary="Get all webhook registrations",
        operation_id="getWebhooks",
        tag=_TAG,
        response=documents.WebhookRegistrations,
        example=[examples.LISTED],
        query=_PAGE,
        problems=_LISTED,
    ),
    Route(
        method="POST",
        path="/webhooks",
        handler=registrations.create,
        scope=WRITE,
        summary="Register a webhook",
        operation_id="registerWebhook",
        tag=_TAG,
        request=RegisterWebhook,
        request_example=examples.NEW,
        response=documents.WebhookRegistration,
        example=examples.REGISTERED,
        status=201,
        problems={**_DENIED, **_BODY, **_KEYED},
        complete=show_secret,
    ),
    Route(
        method="POST",
        path="/webhooks/test",
        handler=registrations.test,
        scope=WRITE,
        summary="Test a webhook",
        operation_id="testWebhook",
        tag=_TAG,
        request=TryWebhook,
        request_example=examples.TEST,
        response=documents.TestResult,
        example=examples.TESTED,
        problems={**_DENIED, **_BODY, **_KEYED},
    ),
    Route(
        method="GET",
        path="/webhooks/{webhookId}",
        handler=registrations.get,
        scope=READ,
        summary="Get a webhook registration by ID",
        operation_id="getWebhook",
        tag=_TAG,
        response=documents.WebhookRegistration,
        example=examples.LISTED,
        problems=_ABSENT,
    ),
    Route(
        method="PUT",
        path="/webhooks/{webhookId}",
        handler=registrations.update,
        scope=WRITE,
        summary="Update a webhook registration",
        operation_id="updateWebhook",
        tag=_TAG,
        request=UpdateWebhook,
        request_example=examples.CHANGE,
        response=documents.WebhookRegistration,
        example=examples.CHANGED,
        problems={**_ABSENT, **_BODY},
    ),
    Route(
        method="DELETE",
        path="/webhooks/{webhookId}",
        handler=registrations.delete,
        scope=WRITE,
        summary="Delete a webhook registration",
        operation_id="deleteWebhook",
        tag=_TAG,
        status=204,
        problems=_ABSENT,
    ),
    Route(
        method="GET",
        path="/webhooks/{webhookId}/deliveries",
        handler=deliveries.list_all,
        scope=READ,
        summary="Get the deliveries of a webhook registration",
        operation_id="getDeliveries",
        tag=_TAG,
        response=documents.Deliveries,
        example=[examples.DELIVERY],
        query=(
            QueryParameter(
                name="status",
                schema={"type": "string", "enum": list(deliveries.STATUSES)},
                description="Filter by status; `dead` are the dead letters",
            ),
            *_PAGE,
        ),
        problems={**_LISTED, **_ABSENT},
    ),
    Route(
        method="POST",
        path="/webhooks/{webhookId}/deliveries/{deliveryId}/redrive",
        handler=deliveries.redrive,
        scope=WRITE,
        summary="Begin the attempts of a delivery again",
        operation_id="redriveDelivery",
        tag=_TAG,
        request=Nothing,
        request_required=False,
        response=documents.Delivery,
        example=examples.REDRIVEN,
        status=202,
        problems={**_ABSENT, **_BODY, **_KEYED, 409: "The delivery has reached its receiver"},
    ),
)
