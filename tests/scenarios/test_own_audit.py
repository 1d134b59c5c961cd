"""Signed heads and proofs over HTTP, and how they are checked without the server."""

from itertools import count

import pytest

from baton.domain.stream import stream_name
from baton.eventlog.events.ndjson import ndjson_line
from baton.eventlog.notary.checks.export import verify_export
from baton.eventlog.notary.proofs.documents import parse_proof
from baton.eventlog.notary.signed_head import open_head
from tests.dialects.centrali_client import centrali_client
from tests.kit.stack import bearer
from tests.notary.sealing import KEYS, seal
from tests.scenarios.stack import Stack
from tests.scenarios.test_own_runs import started, until

_numbers = count(1)


async def completed(stack: Stack) -> str:
    """Return the id of a run that has ended."""
    client = centrali_client(stack, "centrali-reference")
    run_id = await started(client, f"audited-{next(_numbers)}")
    await until(stack, run_id, "completed")
    return run_id


@pytest.mark.operations("baton", "latestTreeHead", "listTreeHeads")
async def test_heads_are_notes_that_others_can_keep(memory: Stack) -> None:
    none = await memory.get("/audit/tree-heads/latest")
    await completed(memory)
    await seal(memory.stores.leaves)
    latest = await memory.get("/audit/tree-heads/latest")
    await completed(memory)
    await seal(memory.stores.leaves)
    listed = (await memory.get("/audit/tree-heads")).body["heads"]
    page = (await memory.get("/audit/tree-heads?limit=1")).body
    rest = (await memory.get(f"/audit/tree-heads?after={page['next']}")).body

    assert none.status == 404
    assert none.body["error"] == "not_found"
    assert latest.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert open_head(latest.raw, KEYS).size == listed[0]["size"] < listed[1]["size"]
    assert listed[0]["note"].encode() == latest.raw
    assert listed[0]["root"] == open_head(latest.raw, KEYS).root.hex()
    assert page["heads"] == listed[:1]
    assert rest == {"heads": listed[1:]}


@pytest.mark.operations("baton", "proveRun")
async def test_a_run_is_proved_by_any_head_that_covers_it(memory: Stack) -> None:
    run_id = await completed(memory)
    early = await memory.get(f"/audit/proof?run={run_id}")
    await seal(memory.stores.leaves)
    head = await memory.stores.leaves.head()
    assert head is not None
    await completed(memory)
    await seal(memory.stores.leaves)
    newest = await memory.get(f"/audit/proof?run={run_id}")
    older = await memory.get(f"/audit/proof?run={run_id}&head={head.size}")
    events = await memory.stores.leaves.stream(stream_name(memory.tenant, "run", run_id))
    lines = [ndjson_line(one) for one in events]
    verdicts = [verify_export(lines, parse_proof(one.raw), KEYS) for one in (newest, older)]

    assert early.status == 409
    assert newest.status == older.status == 200
    assert [verdict.broken for verdict in verdicts] == [None, None]
    assert [verdict.sealed for verdict in verdicts] == [len(events)] * 2
    assert verdicts[1].head is not None
    assert verdicts[1].head.size == head.size
    changed = [lines[0].replace(b'"at"', b'"at" '), *lines[1:]]
    assert verify_export(changed, parse_proof(newest.raw), KEYS).broken is not None


async def test_only_runs_of_the_tenant_are_proved(memory: Stack) -> None:
    run_id = await completed(memory)
    await seal(memory.stores.leaves)
    foreign = await memory.get(f"/audit/proof?run={run_id}", headers=bearer(tenant="other"))

    assert foreign.status == 404
    assert (await memory.get("/audit/proof?run=nothing")).status == 404
    assert (await memory.get(f"/audit/proof?run={run_id}&head=1234")).status == 404
    assert (await memory.get("/audit/proof")).status == 400
    assert (await memory.get(f"/audit/proof?run={run_id}&head=x")).status == 400
    assert (await memory.get("/audit/tree-heads?limit=0")).status == 400
