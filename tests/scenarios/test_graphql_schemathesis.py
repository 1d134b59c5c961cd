"""schemathesis against the GraphQL schema: no operation that it makes leads to a server error."""

import asyncio

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core.result import Ok
from schemathesis.graphql import nodes

from baton.command_api.dialects.workflow_orchestration.graphql.schema import SCHEMA
from tests.kit.stack import bearer
from tests.scenarios.stack import Stack

EXAMPLES = settings(
    max_examples=10,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
KNOWN = {"validation_error", "not_found", "conflict", "LIMIT_EXCEEDED"}

schemathesis.graphql.scalar("DateTime", st.just("2026-01-01T00:00:00.000Z").map(nodes.String))
schemathesis.graphql.scalar("JSON", st.text().map(nodes.String) | st.integers().map(nodes.Int))
schemathesis.graphql.scalar("Milliseconds", st.integers().map(nodes.Int))


@pytest.mark.timeout(120)
async def test_no_operation_leads_to_a_server_error(memory: Stack) -> None:
    answered = await asyncio.to_thread(fuzz, f"{memory.url}/graphql")

    assert answered["Query"] >= 5
    assert answered["Mutation"] >= 6


def fuzz(url: str) -> dict[str, int]:
    """Send generated operations of every field; return how many fields each root type has."""
    schema = schemathesis.graphql.from_file(SCHEMA.as_str())
    schema.config.update(base_url=url)
    fields: dict[str, int] = {}
    with requests.Session() as session:
        session.headers.update(bearer())
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()

            def answer(case: Case) -> None:
                response = case.call(session=session)
                assert response.status_code in (200, 400)
                errors = response.json().get("errors", [])
                assert {error["extensions"]["code"] for error in errors} <= KNOWN

            EXAMPLES(given(case=operation.as_strategy())(answer))()
            root = operation.label.partition(".")[0]
            fields[root] = fields.get(root, 0) + 1
    return fields
