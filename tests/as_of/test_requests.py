"""Reads as of a position over HTTP: the header, times, refusals, cursors, lateness."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
import pytest_asyncio

from baton.backends.memory.view_store import MemoryViewStore
from baton.command_api.dialect.contract import discover
from baton.command_api.own import own_api
from baton.command_api.own.runs import lists
from baton.domain.run.messages import Event as RunEvent
from baton.domain.run.messages.run_events import RunBranched, RunFailed
from baton.domain.run.messages.step_events import DelayStarted, StepStarted
from baton.domain.stream import stream_parts
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.views import Query
from baton.projector.as_of import run_conditions
from baton.projector.as_of.history_queries import HistoryQueries
from baton.projector.folding import fold_event
from baton.projector.view import Key
from baton.projector.views.runs.view import VIEW as RUNS
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import WaitsFor
from baton.protocols.iso_time import format_time
from tests.as_of.servers import server_on
from tests.kit.stack import RunningServer, bearer
from tests.projector.histories import events_of

EVENTS = events_of(11, 400)
HEAD = EVENTS[-1].position
READABLE = {
    *("dags", "definitions", "executions", "orchestrations", "records", "runs", "schedules"),
    *("streams", "workflows"),
}
"""The first words of paths of what events made."""
PRESENT_ONLY = {
    ("baton", "/runs/{runId}/deliveries"),
    ("baton", "/runs/{runId}/logs"),
    ("baton", "/runs/{runId}/resume-preview"),
    ("orchestrator", "/runs/stream"),
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("as-of")
    async with server_on(folder, "sqlite", EVENTS) as running:
        yield running


async def _refusal(server: RunningServer, path: str, method: str = "GET", **more: Any) -> str:
    refused = await server.call(method, path, **more)
    assert refused.status == 400
    assert "Baton-As-Of" not in refused.headers
    assert refused.body["details"][0]["field"] == "asOf"
    return str(refused.body["message"])


async def test_an_answer_names_its_position_and_never_changes(server: RunningServer) -> None:
    position = HEAD // 2
    first = await server.get(f"/runs?asOf={position}")
    again = await server.get(f"/runs?asOf={position}")
    assert first.headers["Baton-As-Of"] == str(position)
    assert first.raw == again.raw
    assert first.body["total"] > 0


async def test_a_time_is_the_position_before_the_first_later_event(server: RunningServer) -> None:
    at = EVENTS[len(EVENTS) // 2].event.at
    later = next(one.position for one in EVENTS if one.event.at > at)
    shown = await server.get(f"/runs?asOf={format_time(at)}")
    assert shown.headers["Baton-As-Of"] == str(later - 1)
    assert shown.raw == (await server.get(f"/runs?asOf={later - 1}")).raw
    future = await server.get("/runs?asOf=2999-01-01T00:00:00Z")
    assert future.headers["Baton-As-Of"] == str(HEAD)
    before = await server.get("/runs?asOf=1999-01-01T00:00:00Z")
    assert (before.headers["Baton-As-Of"], before.body["runs"]) == (f"{EVENTS[0].position - 1}", [])


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (str(HEAD + 1), f"position {HEAD}"),
        ("9" * 30, "beyond the newest event"),
        ("-1", "must be a position or an RFC 3339 time"),
        ("", "must be a position or an RFC 3339 time"),
        ("yesterday", "must be a position or an RFC 3339 time"),
        ("2027-01-01", "must be a position or an RFC 3339 time"),
        ("1&asOf=2", "at most once"),
        ("%00", "at most once"),
    ],
)
async def test_an_invalid_position_is_refused(server: RunningServer, value: str, part: str) -> None:
    assert part in await _refusal(server, f"/runs?asOf={value}")


async def test_writes_and_operational_reads_are_refused(server: RunningServer) -> None:
    writing = await _refusal(server, "/runs?asOf=1", "POST", json={"definition": "x"})
    assert "nothing is written" in writing
    open_paths = ("/healthz", "/readyz", "/metrics", "/openapi", "/docs", "/ui/session")
    for path in ("/functions", "/webhooks", "/system", "/audit/tree-heads", "/stream", *open_paths):
        assert "this shows only the present state" in await _refusal(server, f"{path}?asOf=1")


@pytest.mark.parametrize(
    ("operation", "part"),
    [
        ('mutation { deleteWorkflowDefinition(id: "x") }', "nothing is written"),
        ('subscription { workflowExecutionUpdated(id: "x") { id } }', "what changes from now on"),
    ],
)
async def test_only_queries_of_graphql_are_read_as_of_a_position(
    server: RunningServer, operation: str, part: str
) -> None:
    refused = await server.post("/graphql?asOf=1", {"query": operation})
    (error,) = refused.body["errors"]
    assert (refused.status, error["extensions"]["details"][0]["field"]) == (400, "asOf")
    assert part in error["message"]
    assert (await server.get("/graphql?asOf=1")).status == 400
    mixed = "{ webhooks { id } workflowDefinitions { totalCount } }"
    answer = await server.post(f"/graphql?asOf={HEAD // 2}", {"query": mixed})
    assert answer.headers["Baton-As-Of"] == str(HEAD // 2)
    assert answer.body["data"]["workflowDefinitions"]["totalCount"] > 0
    (error,) = answer.body["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["webhooks"], "validation_error")


def _moments_of_every_kind() -> set[tuple[str, int]]:
    """Return tenants and positions at which runs have every status and wait for every cause."""
    runs: dict[Key, Run] = {}
    found: defaultdict[object, set[tuple[str, int]]] = defaultdict(set)
    for recorded in EVENTS:
        fold_event(runs, RUNS, recorded)
        for run in runs.values():
            kind = run.waits_for or (run.status, run.rerun_id is not None)
            found[kind].add((run.tenant, recorded.position))
    random = Random(1)
    return {one for moments in found.values() for one in random.sample(sorted(moments), 1)}


async def test_filters_find_the_runs_that_matched_as_of_the_position(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "STUCK_MS", 0)  # a position within an append has an idle run
    seen: Counter[str] = Counter()
    for tenant, position in _moments_of_every_kind():
        headers = bearer(tenant=tenant)
        whole = await server.get(f"/runs?limit=500&asOf={position}", headers=headers)
        runs = whole.body["runs"]
        due = sorted((one for one in runs if "dueAt" in one), key=itemgetter("dueAt", "id"))
        expected = {
            **{
                f"waitsFor={cause}": [one for one in runs if one.get("waitsFor") == cause]
                for cause in get_args(WaitsFor)
            },
            **{
                f"handled={word}": [
                    one
                    for one in runs
                    if one["status"] == "failed" and ("rerunId" in one) is handled
                ]
                for word, handled in (("true", True), ("false", False))
            },
            "stuck=true": [
                one for one in runs if one["status"] == "running" and "waitsFor" not in one
            ],
            "due=true": due,
            "due=true&status=paused": [one for one in due if one["status"] == "paused"],
            "waitsFor=TIMER&status=failed": [],
        }
        for query, wanted in expected.items():
            path = f"/runs?{query}&limit=500&asOf={position}"
            found = (await server.get(path, headers=headers)).body
            assert found["runs"] == wanted, path
            assert found["total"] == len(wanted)
            if len(wanted) > 1:
                path = f"/runs?{query}&limit=1&offset=1&asOf={position}"
                page = (await server.get(path, headers=headers)).body
                assert (page["runs"], page["total"]) == (wanted[1:2], len(wanted)), path
            seen[query.partition("&")[0]] += len(wanted)
    assert min(seen.values()) > 0


async def test_a_filter_scans_a_limited_number_of_runs(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_conditions, "MAX_SCANNED", 0)
    asked = {
        RunFailed: ("handled", "handled=true"),
        DelayStarted: ("due", "due=true"),
        StepStarted: ("waitsFor", "waitsFor=RUNNING"),
    }
    for kind, (name, query) in asked.items():
        recorded = next(one for one in EVENTS if type(one.event) is kind)
        headers = bearer(tenant=stream_parts(recorded.stream).tenant)
        path = f"/runs?{query}&asOf={recorded.position}"
        refused = await server.get(path, headers=headers)
        assert refused.status == 400
        assert refused.body["details"][0]["field"] == name
        assert "limit them by definition" in refused.body["message"]
    assert (await server.get(f"/runs?waitsFor=QUEUED&asOf={HEAD}")).status == 200


async def test_failed_runs_are_scanned_if_there_are_too_many_reruns(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (failed, *_) = (one for one in EVENTS if isinstance(one.event, RunFailed))
    headers = bearer(tenant=stream_parts(failed.stream).tenant)
    paths = [f"/runs?handled={word}&asOf={failed.position}" for word in ("true", "false")]
    expected = [(await server.get(path, headers=headers)).body for path in paths]
    monkeypatch.setattr(run_conditions, "MAX_SCANNED", 1)
    assert [(await server.get(path, headers=headers)).body for path in paths] == expected
    assert [one["total"] for one in expected] == [1, 0]


async def test_a_comparison_includes_no_later_position(server: RunningServer) -> None:
    (run, *_) = (await server.get("/runs?status=completed")).body["runs"]
    events = (await server.get(f"/runs/{run['id']}/events")).body["events"]
    at = events[len(events) // 2]["position"]
    compared = (await server.get(f"/runs/{run['id']}/diff?to={HEAD}&asOf={at}")).body
    assert compared["after"]["position"] == at
    assert compared == (await server.get(f"/runs/{run['id']}/diff?to={at}")).body


async def test_a_definition_and_an_audit_are_explained_by_events_alone(
    server: RunningServer,
) -> None:
    (shown, *_) = (await server.get("/definitions?status=active")).body["definitions"]
    path = f"/definitions/{shown['id']}/explain"
    now, then = await server.get(path), await server.get(f"{path}?asOf={HEAD}")
    codes = {one["code"] for one in now.body["because"]}
    assert codes - {one["code"] for one in then.body["because"]} >= {"NO_EXECUTOR"}
    (run, *_) = (await server.get("/runs?status=completed")).body["runs"]
    audited = (await server.get(f"/audit/runs/{run['id']}?asOf={HEAD}")).body
    assert "sealedUpTo" not in audited
    at = audited["events"][1]["position"]
    earlier = (await server.get(f"/audit/runs/{run['id']}?asOf={at}")).body
    assert earlier["events"] == audited["events"][:2]


async def test_there_is_nothing_to_wait_for_as_of_a_position(server: RunningServer) -> None:
    (run, *_) = (await server.get("/runs?status=waiting&status=running&status=pending")).body[
        "runs"
    ]
    shown = await server.get(f"/runs/{run['id']}?asOf={HEAD}", headers={"Prefer": "wait=60"})
    assert shown.body["status"] == run["status"]


async def test_a_run_names_the_rerun_that_was_the_newest_at_the_position(
    server: RunningServer,
) -> None:
    reruns = [
        (one.event.source, one.position, stream_parts(one.stream))
        for one in EVENTS
        if isinstance(one.event, RunBranched)
    ]
    newest: dict[str, str] = {}
    for source, position, rerun in reruns:
        headers = bearer(tenant=rerun.tenant)
        for at, expected in ((position - 1, newest.get(source)), (position, rerun.id)):
            shown = await server.get(f"/runs/{source}?asOf={at}", headers=headers)
            assert shown.body.get("rerunId") == expected
            listed = (await server.get(f"/runs?limit=500&asOf={at}", headers=headers)).body["runs"]
            assert {one["id"]: one.get("rerunId") for one in listed}[source] == expected
        newest[source] = rerun.id
    assert len(reruns) > len(newest)


async def test_an_explanation_of_a_run_uses_its_events_up_to_the_position(
    server: RunningServer,
) -> None:
    events = [one for one in EVENTS if isinstance(one.event, RunEvent)]
    codes: set[str] = set()
    for recorded in events[::3]:
        parts = stream_parts(recorded.stream)
        path, headers = f"/runs/{parts.id}/explain", bearer(tenant=parts.tenant)
        then = (await server.get(f"{path}?asOf={recorded.position}", headers=headers)).body
        assert (then["stuck"], then["suggestions"]) == (False, [])
        codes.update(one["code"] for one in then["because"])
    assert codes >= {"RUNNING", "TIMER", "FINISHED", "DECIDING"}
    assert "NO_EXECUTOR" not in codes


async def test_cursors_page_through_a_list_as_of_a_position(server: RunningServer) -> None:
    at = HEAD * 2 // 3
    whole = (await server.get(f"/runs?limit=500&asOf={at}")).body
    found: list[Any] = []
    query = f"/runs?limit=2&asOf={at}"
    while True:
        page = (await server.get(query)).body
        assert page["total"] == whole["total"]
        found += page["runs"]
        if "next" not in page or not page["runs"]:
            break
        query = f"/runs?limit=2&asOf={at}&cursor={page['next']}"
    assert found == whole["runs"]
    assert len(found) == whole["total"] > 4


async def test_page_tokens_of_a_time_continue_at_its_position(server: RunningServer) -> None:
    headers = {"X-Stella-Tenant": "acme"}
    time = format_time(EVENTS[len(EVENTS) * 2 // 3].event.at)
    path = "/api/v1/orchestrator/runs?page_size=2"
    first = await server.get(f"{path}&asOf={time}", headers=headers)
    position, token = first.headers["Baton-As-Of"], first.body["nextPageToken"]
    second = await server.get(f"{path}&asOf={position}&page_token={token}", headers=headers)
    whole = await server.get(
        f"/api/v1/orchestrator/runs?page_size=4&asOf={position}", headers=headers
    )
    assert first.body["items"] + second.body["items"] == whole.body["items"]


async def test_a_list_is_refused_while_the_history_is_late() -> None:
    async def late(_position: int, _timeout_ms: int) -> bool:
        return False

    finder = HistoryQueries(MemoryViewStore(), late)
    with pytest.raises(Unavailable, match="behind position 5"):
        await finder.runs(Query(table="runs", tenant="acme"), 5, 0)


async def test_every_read_of_recorded_facts_supports_as_of() -> None:
    left_out = {
        (dialect.name, route.path)
        for dialect in (*discover(), own_api())
        for route in dialect.routes
        if route.method == "GET" and route.scope is not None and not route.as_of
    }
    reads = {one for one in left_out if READABLE & set(one[1].split("/")[1:2])}
    assert reads == PRESENT_ONLY
