"""Examples of the OpenAPI document."""

from typing import Final

from baton.domain.json import JsonObject

_HASH: Final = "5d41402abc4b2a76b9719d911017c592ae4a1d6b0d6f0b7c53f0a2d0f7a3c6e1"
_TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
PUBLISH: Final[JsonObject] = {
    "dagId": "order-processing",
    "version": "1.0.0",
    "steps": [
        {"id": "validate", "uses": "validate-order", "with": {"strict": True}},
        {
            "id": "fulfill",
            "uses": "fulfill-order",
            "timeoutMs": 30_000,
            "retry": {"maxAttempts": 3, "backoffMs": 200},
            "when": [{"path": "steps.validate.output.isValid", "op": "eq", "value": True}],
        },
    ],
    "edges": [{"from": "validate", "to": "fulfill"}],
    "metadata": {"team": "orders"},
}
DAG: Final[JsonObject] = {
    **PUBLISH,
    "active": True,
    "definitionHash": _HASH,
    "publishedUtc": "2026-03-01T09:00:00.000Z",
    "publishedBy": "ada",
}
START: Final[JsonObject] = {
    "dagId": "order-processing",
    "inputs": {"orderId": "ord_123"},
    "runToken": "order-ord_123",
}
STARTED: Final[JsonObject] = {
    "runId": "d7q2f0a9k3m5n7p1r4t6",
    "dagId": "order-processing",
    "version": "1.0.0",
    "status": "queued",
    "startedUtc": "2026-03-01T09:00:01.000Z",
    "completedUtc": None,
    "traceId": _TRACE,
    "definitionHash": _HASH,
}
EVENT: Final[JsonObject] = {
    "event": "step.updated",
    "tenant": "acme",
    "dagId": "order-processing",
    "runId": "d7q2f0a9k3m5n7p1r4t6",
    "stepId": "validate",
    "status": "succeeded",
    "timestamp": "2026-03-01T09:00:01.250Z",
    "traceId": _TRACE,
    "position": 81_234,
}
RUN: Final[JsonObject] = {
    **STARTED,
    "status": "succeeded",
    "completedUtc": "2026-03-01T09:00:02.000Z",
    "inputs": {"orderId": "ord_123"},
    "steps": [
        {"stepId": "validate", "status": "succeeded", "outputsHash": _HASH, "attempts": 1},
        {"stepId": "fulfill", "status": "succeeded", "outputsHash": _HASH, "attempts": 2},
    ],
}
