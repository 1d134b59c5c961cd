"""Signed DAGs: a server that demands signatures takes none without a good one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from joserfc.jwk import OctKey
from pydantic import SecretStr

from tests.dialects.orchestrator_client import (
    OrchestratorClient,
    dag,
    orchestrator_client,
    step,
)
from tests.kit.stack import running_roles
from tests.protocols.test_document_signatures import SECRET, sign
from tests.scenarios.stack import Stack, settings_for

DAG = dag("signed", "1.0", step("a"), metadata={"cost": 1.50, "größe": "µ"})
HEADER = {"alg": "HS256"}


def signed(document: dict[str, object]) -> dict[str, object]:
    return {**document, "signature": sign(document, OctKey.import_key(SECRET), HEADER)}


@pytest_asyncio.fixture(loop_scope="module")
async def strict(tmp_path: Path) -> AsyncIterator[OrchestratorClient]:
    settings = (await settings_for(tmp_path, "memory")).model_copy(
        update={"require_dag_signature": True, "dag_signing_secret": SecretStr(SECRET)}
    )
    async with running_roles(settings, Stack) as stack:
        yield orchestrator_client(stack)


async def test_a_signed_dag_is_published_with_its_signature(strict: OrchestratorClient) -> None:
    published = await strict.publish(signed(DAG))
    shown = (await strict.get("/dags/signed/1.0")).body
    again = await strict.post("/dags", signed(DAG))

    assert published["signature"] == shown["signature"] == signed(DAG)["signature"]
    assert again.status == 200
    assert (await strict.run_to_end("signed"))["status"] == "succeeded"


@pytest.mark.parametrize(
    "body",
    [
        DAG,
        {**signed(DAG), "version": "1.1"},
        {**DAG, "signature": "a..b"},
        {**DAG, "signature": ""},
    ],
    ids=["without a signature", "changed after it", "with another", "with an empty one"],
)
async def test_a_dag_with_a_bad_signature_is_refused(
    strict: OrchestratorClient, body: dict[str, object]
) -> None:
    answer = await strict.post("/dags", body)

    assert (answer.status, answer.body["code"]) == (400, "validation_error")
    assert [one["field"] for one in answer.body["details"]] == ["signature"]
    assert await strict.stack.stored() == []


async def test_a_member_given_twice_is_refused(strict: OrchestratorClient) -> None:
    """A signature covers one of them, and another one would be published."""
    raw = b'{"dagId": "x", "dagId": "y", "steps": [{"id": "a", "uses": "answer"}]}'

    answer = await strict.call(
        "POST", "/dags", data=raw, headers={"Content-Type": "application/json"}
    )

    assert answer.status == 400


async def test_a_signature_is_checked_where_none_is_demanded(memory: Stack) -> None:
    client = orchestrator_client(memory)

    refused = await client.post("/dags", signed(DAG))
    unsigned = await client.post("/dags", DAG)

    assert (refused.status, unsigned.status) == (400, 201)
