"""The document's examples of webhooks, for the OpenAPI document."""

from typing import Final

from baton.domain.json import JsonObject

EVENTS: Final = ["workflow.execution.completed", "task.execution.failed"]
NEW: Final[JsonObject] = {
    "url": "https://example.com/webhook",
    "events": EVENTS,
    "secret": "webhook-secret",
}
REGISTERED: Final[JsonObject] = {
    "id": "1",
    **NEW,
    "active": True,
    "createdAt": "2025-05-21T21:26:58.211Z",
}
LISTED: Final[JsonObject] = {**REGISTERED, "secret": None}
CHANGE: Final[JsonObject] = {
    "url": "https://example.com/updated-webhook",
    "events": [*EVENTS, "workflow.execution.started"],
    "active": True,
}
CHANGED: Final[JsonObject] = {**REGISTERED, **CHANGE}
TEST: Final[JsonObject] = {
    "url": "https://example.com/webhook",
    "event": "workflow.execution.completed",
    "payload": {"id": "1", "status": "COMPLETED"},
    "secret": "webhook-secret",
}
TESTED: Final[JsonObject] = {
    "success": True,
    "statusCode": 200,
    "message": "Webhook delivered successfully",
}
DELIVERY: Final[JsonObject] = {
    "id": "2",
    "event": "task.execution.failed",
    "status": "pending",
    "attempts": 1,
    "lastStatusCode": 503,
    "lastError": "HTTP_503: the receiver refused the delivery",
    "nextAttemptAt": "2025-05-21T21:27:09.442Z",
    "createdAt": "2025-05-21T21:26:58.211Z",
}
REDRIVEN: Final[JsonObject] = {**DELIVERY, "nextAttemptAt": "2025-05-21T21:30:00.000Z"}
