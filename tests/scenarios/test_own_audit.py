"""Signed heads and proofs over HTTP, and their verification without the server."""

from itertools import count
from typing import Any

import pytest

from baton.command_api.principal import ADMIN
from baton.domain.actor import Actor
from baton.domain.run.messages.run_events import RunCancelled
from baton.domain.stream import stream_name
from baton.domain.verification.decisions import DECIDER as VERIFICATION
from baton.domain.verification.messages import ReportFinding, RequestVerification
from baton.domain.verification.state import LIMIT_MS
from baton.eventlog.events.envelope import Appended, Write
from baton.eventlog.events.ndjson import ndjson_line
from baton.eventlog.loops.transact import transact
from baton.eventlog.notary.checks.export import verify_export
from baton.eventlog.notary.checks.verdict import Break, Verdict
from baton.eventlog.notary.proofs.documents import parse_proof
from baton.eventlog.notary.signed_head import open_head
from baton.protocols.iso_time import format_time
from tests.dialects.centrali_client import centrali_client
from tests.dialects.workflow_orchestration import LOGIN, add_login
from tests.kit.eventually import eventually
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
    assert rest == {"heads": listed[1:], "newest": listed[1]}


@pytest.mark.operations("baton", "proveRun")
async def test_a_run_is_proved_by_any_head_that_covers_it(memory: Stack) -> None:
    run_id = await completed(memory)
    early = await memory.get(f"/audit/proof?run={run_id}")
    await seal(memory.stores.leaves)
    head = await memory.stores.leaves.head()
    assert head is not None
    later = await completed(memory)
    await seal(memory.stores.leaves)
    uncovered = await memory.get(f"/audit/proof?run={later}&head={head.size}")
    newest = await memory.get(f"/audit/proof?run={run_id}")
    older = await memory.get(f"/audit/proof?run={run_id}&head={head.size}")
    events = await memory.stores.leaves.stream(stream_name(memory.tenant, "run", run_id))
    lines = [ndjson_line(one) for one in events]
    verdicts = [verify_export(lines, parse_proof(one.raw), KEYS) for one in (newest, older)]

    assert (early.status, uncovered.status) == (409, 409)
    assert "ask again" in early.body["message"]
    assert f"The head of {head.size} leaves is older" in uncovered.body["message"]
    assert newest.status == older.status == 200
    assert [verdict.broken for verdict in verdicts] == [None, None]
    assert [verdict.sealed for verdict in verdicts] == [len(events)] * 2
    assert verdicts[1].head is not None
    assert verdicts[1].head.size == head.size
    changed = [lines[0].replace(b'"at"', b'"at" '), *lines[1:]]
    assert verify_export(changed, parse_proof(newest.raw), KEYS).broken is not None


@pytest.mark.operations("baton", "auditRun")
async def test_a_run_is_audited_as_of_any_position(memory: Stack) -> None:
    run_id = await completed(memory)
    await seal(memory.stores.leaves)
    whole = (await memory.get(f"/audit/runs/{run_id}")).body
    first = whole["events"][0]
    early = (await memory.get(f"/audit/runs/{run_id}?at={first['position']}")).body
    page = (await memory.get(f"/audit/runs/{run_id}?limit=2")).body
    rest = (await memory.get(f"/audit/runs/{run_id}?after={page['next']}")).body
    proof = (await memory.get(f"/audit/proof?run={run_id}")).body

    assert (first["type"], first["actor"]) == ("RunRequested", "ada (token)")
    assert whole["state"]["status"] == "completed"
    assert whole["sealedUpTo"] >= whole["events"][-1]["position"]
    assert whole["events"][-1]["leaf"] == proof["leaf"]
    assert (early["state"]["status"], early["events"]) == ("pending", [first])
    assert page["events"] + rest["events"] == whole["events"]
    assert "next" not in rest
    for query, status in (("at=2020-01-01T00:00:00Z", 404), ("at=x", 400), ("other=1", 400)):
        assert (await memory.get(f"/audit/runs/{run_id}?{query}")).status == status


async def actions(stack: Stack, query: str = "", tenant: str = "") -> list[dict[str, Any]]:
    """Return all actions that a query finds, from its pages of three."""
    tenant = tenant or stack.tenant
    headers, found, cursor = bearer(tenant=tenant, scope=ADMIN), [], ""
    while True:
        page = (await stack.get(f"/audit/log?limit=3&{query}{cursor}", headers=headers)).body
        found += page["actions"]
        if "next" not in page:
            return found
        cursor = f"&cursor={page['next']}"


@pytest.mark.operations("baton", "listActions")
async def test_the_log_of_actions_names_actors_and_actions(memory: Stack) -> None:
    before = memory.services.clock.now()
    run_id = await completed(memory)
    await memory.post(f"/runs/{run_id}/rerun", {}, headers=bearer(sub="bob"))
    await seal(memory.stores.leaves)
    every = await actions(memory)
    of_bob = await actions(memory, "subject=bob")
    requested = await actions(memory, "action=run.RunRequested&action=run.RunCancelled")
    (first,) = [one for one in requested if one["id"] == run_id]

    positions: list[int] = [one["position"] for one in every]
    assert positions == sorted(positions, reverse=True)
    assert {one["subject"] for one in every} == {"ada", "bob"}
    assert [one["action"] for one in of_bob] == ["run.RunRequested"]
    assert {one["action"] for one in requested} == {"run.RunRequested"}
    assert (first["subject"], first["method"], first["kind"]) == ("ada", "token", "run")
    assert await actions(memory, f"from={format_time(before)}") == every
    assert await actions(memory, f"to={format_time(before)}") == []
    assert await actions(memory, "from=2100-01-01T00:00:00Z") == []
    assert await actions(memory, "to=2100-01-01T00:00:00Z") == every
    assert await actions(memory, tenant="other") == []
    for query in ("action=x", "from=yesterday", "other=1", "limit=0", "cursor=x"):
        answer = await memory.get(f"/audit/log?{query}", headers=bearer(scope=ADMIN))
        assert answer.status == 400
    assert (await memory.get("/audit/log")).status == 403


async def test_times_far_back_are_found_by_the_blocks_of_leaves(memory: Stack) -> None:
    for version, at in enumerate((1_000, 2_000_000, 4_000_000)):
        user = Actor(f"user {version}", "token")
        event = RunCancelled(actor=user, at=at)
        write = Write(stream=f"past/run/r{version}", expected=0, events=(event,))
        assert isinstance(await memory.stores.events.append([write]), Appended)
    await seal(memory.stores.leaves)

    async def subjects(query: str) -> list[Any]:
        return [one["subject"] for one in await actions(memory, query, tenant="past")]

    assert await subjects("to=1970-01-01T00:00:01.001Z") == ["user 0"]
    assert await subjects("from=1970-01-01T00:33:20Z") == ["user 2", "user 1"]
    assert await subjects("from=1970-01-01T00:33:20Z&to=1970-01-01T01:00:00Z") == ["user 1"]


async def test_refused_requests_are_counted_by_subject_and_minute(memory: Stack) -> None:
    for _ in range(3):
        refused = await memory.get("/audit/log", headers={"User-Agent": "curl/8 \u20ac"})
        assert refused.status == 403
    assert (await memory.get("/audit/log", anonymous=True)).status == 401
    wrong = {"username": "nobody", "password": "x"}
    assert (await memory.post("/api/auth/login", wrong, anonymous=True)).status == 401
    await memory.services.accesses.save()
    (own,) = await actions(memory, "action=access.AccessRefused")
    others = [
        one.event
        for one in await memory.stores.events.read_all(after=0, limit=1_000)
        if one.stream.startswith("_/access/")
    ]

    assert (own["subject"], own["count"], own["reason"]) == ("ada", 3, "forbidden")
    assert (own["route"], own["address"]) == ("/audit/log", "127.0.0.1")
    assert str(own["userAgent"]).startswith("curl/8")
    assert sorted((one.reason, one.claimed, one.actor) for one in others) == [
        ("unauthorized", "", None),
        ("unauthorized", "nobody", None),
    ]


async def test_sign_ins_and_exports_are_recorded(memory: Stack) -> None:
    await add_login(memory)
    signed_in = await memory.post("/api/auth/login", LOGIN, anonymous=True)
    wrong = await memory.post("/api/auth/login", {**LOGIN, "password": "x"}, anonymous=True)
    exported = await memory.get(
        "/api/v1/orchestrator/runs",
        headers={"Accept": "application/x-ndjson", "X-Stella-Tenant": memory.tenant},
    )
    await memory.services.accesses.save()
    found = await actions(memory, "action=access.SignedIn&action=access.ExportMade")
    (refused,) = await actions(memory, f"subject={LOGIN['username']}&action=access.AccessRefused")

    assert (signed_in.status, wrong.status, exported.status) == (200, 401, 200)
    assert [one["action"] for one in found] == ["access.ExportMade", "access.SignedIn"]
    assert found[0]["route"] == "/api/v1/orchestrator/runs"
    assert found[1]["subject"] == LOGIN["username"]
    assert (refused["claimed"], refused["count"]) == (LOGIN["username"], 1)


@pytest.mark.operations("baton", "requestVerification", "getVerification", "listVerifications")
async def test_a_verification_is_run_and_its_result_is_kept(memory: Stack) -> None:
    headers = bearer(scope=ADMIN)
    run_id = await completed(memory)
    await seal(memory.stores.leaves)
    requested = await memory.post("/audit/verifications", headers=headers)
    path = f"/audit/verifications/{requested.body['id']}"

    async def ended() -> bool:
        return bool((await memory.get(path, headers=headers)).body["status"] != "running")

    await eventually(ended)
    shown = (await memory.get(path, headers=headers)).body
    (asked,) = await actions(memory, "action=verification.VerificationRequested")
    listed = (await memory.get("/audit/verifications", headers=headers)).body
    heads = (await memory.get("/audit/tree-heads", headers=headers)).body

    assert (requested.status, requested.body["status"]) == (202, "running")
    assert shown["status"] == "verified"
    assert shown["requestedBy"] == "ada"
    assert shown["finding"]["sealed"] > 0
    assert "firstBreak" not in shown["finding"]
    assert asked["id"] == shown["id"]
    assert listed == {"verifications": [shown]}
    assert heads["newest"] == heads["heads"][-1]
    assert (await memory.get(path, headers=bearer(scope=ADMIN, tenant="other"))).status == 404
    assert (await memory.post("/audit/verifications", {"x": run_id})).status == 403


async def test_a_break_names_only_streams_of_the_tenant(memory: Stack) -> None:
    ids = {}
    for tenant in ("acme", "other"):
        ids[tenant] = memory.services.new_id()
        stream = stream_name(tenant, VERIFICATION.name, ids[tenant])
        request = RequestVerification(
            tenant=tenant, verification_id=ids[tenant], actor=Actor("ada", "token"), at=1
        )
        found = Break("its content differs from its leaf", "other/run/r1", 5, 77)
        verdict = Verdict(
            events=1,
            streams=1,
            position=77,
            sealed=1,
            heads=1,
            head=None,
            signed_by=(),
            broken=found,
        )
        for command in (request, ReportFinding(finding=verdict.finding, at=2)):
            await transact(memory.stores.events, VERIFICATION, stream, command)
    breaks = {}
    for tenant, ident in ids.items():
        answer = await memory.get(
            f"/audit/verifications/{ident}", headers=bearer(scope=ADMIN, tenant=tenant)
        )
        assert answer.body["status"] == "broken"
        breaks[tenant] = answer.body["finding"]["firstBreak"]

    assert breaks["acme"] == {"reason": "an event is broken", "position": 77}
    assert breaks["other"]["stream"] == "other/run/r1"
    assert breaks["other"]["version"] == 5


async def test_a_verification_without_a_result_has_failed_after_an_hour(memory: Stack) -> None:
    ident, now = memory.services.new_id(), memory.services.clock.now()
    stream = stream_name(memory.tenant, VERIFICATION.name, ident)
    request = RequestVerification(
        tenant=memory.tenant,
        verification_id=ident,
        actor=Actor("ada", "token"),
        at=now - LIMIT_MS - 1,
    )
    await transact(memory.stores.events, VERIFICATION, stream, request)
    shown = await memory.get(f"/audit/verifications/{ident}", headers=bearer(scope=ADMIN))

    assert shown.body["status"] == "failed"


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
