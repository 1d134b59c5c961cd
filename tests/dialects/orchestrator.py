"""Driver and sample requests of the Orchestrator dialect."""

import itertools
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from aiohttp import ClientSession

from baton.command_api.dialect.contract import Route
from baton.command_api.principal import ADMIN
from baton.protocols.canonical_json import canonical, digest
from tests.dialects.orchestrator_driver import OrchestratorDriver
from tests.scenarios.stack import Client

__all__ = ["body", "distinct_body", "driver", "error_code", "prepare"]


def driver(session: ClientSession, url: str, tenant: str) -> OrchestratorDriver:
    """Return a driver that acts as a user of `tenant` on the server at `url` (no final slash)."""
    return OrchestratorDriver(session=session, own=url, tenant=tenant)


def dag(dag_id: str, version: str, *steps: str) -> dict[str, Any]:
    """Return a DAG of steps that follow one another, and all call the same function."""
    edges = [{"from": one, "to": other} for one, other in itertools.pairwise(steps)]
    listed = [{"id": one, "uses": "answer"} for one in steps]
    return {"dagId": dag_id, "version": version, "steps": listed, "edges": edges}


COMMON = dag("common", "1.0", "only")
"""A DAG that every tenant has."""


async def prepare(client: Client, route: Route) -> dict[str, str]:
    """Publish two versions and start a run; their names differ from those of other tenants."""
    del route  # every route finds what it needs
    own, number = client.tenant, crc32(client.tenant.encode())
    publisher = client.stack.client(client.dialect.name, own, scope=ADMIN)
    dag_id, step_id = f"orders-{own}", f"only-{own}"
    for made in (dag(dag_id, f"{number}", step_id), dag(dag_id, f"{number}.1", step_id), COMMON):
        answer = await publisher.post("/dags", made)
        assert answer.status in (200, 201), answer.body
    started = await publisher.post("/runs", {"dagId": dag_id})
    assert started.status == 201, started.body
    raw = canonical(f"{own} " * 10_000)
    await client.stack.stores.artifacts.put(own, digest(raw), raw)
    return {
        "dagId": dag_id,
        "version": f"{number}",
        "runId": started.body["runId"],
        "stepId": step_id,
        "hash": digest(raw),
    }


def body(route: Route) -> object:
    """Return a body that the route accepts."""
    if route.path == "/dags":
        return dag("another", "1.0", "only")
    if route.path == "/runs":
        return {"dagId": "common"}
    return {}


def distinct_body(operation: str, generated: object, number: int) -> object:
    """Return a generated body, changed so that it names what exists, or what nothing else names."""
    if not isinstance(generated, dict):
        return generated
    if operation == "POST /dags":
        return dag(f"made-{number}", "1.0", "only")
    return {"dagId": "common"} if operation == "POST /runs" else generated


def error_code(body: Mapping[str, object]) -> str:
    """Return a refusal's code."""
    assert set(body) <= {"code", "message", "trace_id", "details"}
    assert isinstance(body["message"], str)
    assert len(str(body["trace_id"])) == 32
    return str(body["code"])
