"""A request with thousands of faults is answered by the first ones, whatever the dialect."""

from typing import Any

import pytest

from tests.dialects.centrali_documents import orchestration
from tests.kit.stack import ALL_SCOPES
from tests.scenarios.stack import Stack

MANY = 20_000
MOST_NAMED = 100
BODIES: dict[str, tuple[str, str, dict[str, Any], str]] = {
    # what: (dialect, path, body, the first place)
    "steps that are no objects": (
        "centrali-reference",
        "/orchestrations",
        {**orchestration("many"), "steps": [1] * MANY},
        "steps[0]",
    ),
    "unknown predecessors": (
        "orchestration-system",
        "/workflows",
        {"name": "Many", "tasks": [{"name": "a", "type": "b", "dependsOn": ["c"] * MANY}]},
        "tasks[0].dependsOn[0]",
    ),
    "unknown dependencies": (
        "workflow-orchestration",
        "/workflows",
        {"name": "Many", "tasks": [{"name": "a", "dependencies": ["c"] * MANY}]},
        "tasks[0].dependencies[0]",
    ),
    "unknown events": (
        "workflow-orchestration",
        "/webhooks",
        {"url": "https://example.com/", "events": ["never"] * MANY},
        "events[0]",
    ),
    "edges of no steps": (
        "orchestrator",
        "/dags",
        {"dagId": "many", "steps": [], "edges": [{"from": "a", "to": "b"}] * (MANY // 2)},
        "edges[0].from",
    ),
}


@pytest.mark.parametrize("case", BODIES)
async def test_the_first_faults_are_named(idle: Stack, case: str) -> None:
    dialect, path, body, first = BODIES[case]
    scope = f"{ALL_SCOPES} orchestrator:admin"

    answer = await idle.client(dialect, scope=scope).post(path, body)

    assert answer.status == 400, answer.raw[:500]
    faults = answer.body.get("details") or answer.body["errors"]
    assert (len(faults), faults[0]["field"]) == (MOST_NAMED, first)
    assert await idle.stored() == []
