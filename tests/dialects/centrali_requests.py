"""Requests that every route of Centrali's dialects accepts, and what their refusals look like."""

from collections.abc import Mapping
from typing import Any

from baton.command_api.dialect.contract import Route
from tests.dialects.centrali_client import of_centrali
from tests.scenarios.stack import Client

DEFINITION: dict[str, Any] = {
    "slug": "orders",
    "name": "Orders",
    "trigger": {"type": "http-trigger", "path": "hook"},
    "steps": [
        {"id": "only", "type": "compute", "functionId": "func_abc123", "nextStepId": "choose"},
        {"id": "choose", "type": "decision", "cases": [], "defaultNextStepId": "end"},
        {"id": "end", "type": "delay", "delayMs": 0},
    ],
}


async def prepare(client: Client, route: Route) -> dict[str, str]:
    """Create an orchestration and a run; their names differ from those of other tenants."""
    del route  # every route finds what it needs
    centrali, own = of_centrali(client), client.tenant
    first, choose, end = DEFINITION["steps"]
    definition = {
        **DEFINITION,
        "trigger": {"type": "http-trigger", "path": f"hook-{own}"},
        "steps": [{**first, "nextStepId": f"choose-{own}"}, {**choose, "id": f"choose-{own}"}, end],
    }
    made = await centrali.create(definition)
    run = await centrali.start(made["id"])
    return {
        "id": made["id"],
        "orchestrationId": made["id"],
        "runId": run["id"],
        "stepId": f"choose-{own}",
        "path": f"hook-{own}",
    }


def body(route: Route) -> object:
    """Return a body that the route accepts."""
    if route.path == "/orchestrations":
        return {**DEFINITION, "slug": "another", "trigger": {"type": "on-demand"}}
    if route.path.endswith("/test-decision"):
        return {"testData": {}}
    return {"name": "New"} if route.method == "PUT" else {"input": {}}


def distinct_body(operation: str, generated: object, number: int) -> object:
    """Return a generated body, changed so that it claims no name that another request claims."""
    if operation != "POST /orchestrations" or not isinstance(generated, dict):
        return generated
    trigger = {"type": "on-demand"}
    return {**generated, **DEFINITION, "slug": f"made-{number}", "trigger": trigger}


def error_code(body: Mapping[str, object]) -> str:
    """Return a refusal's code; `field` is the OpenAPI dialect's, `details` the reference's."""
    assert set(body) <= {"error", "message", "field", "details"}
    assert isinstance(body["message"], str)
    return str(body["error"])


def named_fields(body: Mapping[str, Any]) -> list[str]:
    """Return the places that a refusal names, in either dialect's form."""
    if "details" in body:
        return [fault["field"] for fault in body["details"]]
    return [body["field"]] if "field" in body else []
