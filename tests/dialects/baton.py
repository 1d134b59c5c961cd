"""Sample requests of Baton's own API."""

from collections.abc import Mapping
from typing import Any

from baton.command_api.backtest_jobs import BacktestRequest
from baton.command_api.commands import (
    NewDefinition,
    cancel_run,
    create_definition,
    pause_run,
    send_records,
    start_run,
)
from baton.command_api.dialect.contract import Route
from baton.command_api.principal import Principal
from baton.domain.backtest.candidate import candidate_of
from baton.domain.definition.graph import Case, Compute, Condition, Decision, Graph
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import ScheduleTrigger
from baton.domain.ids import derived_id
from baton.domain.record.messages import ReceiveRecord
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.execution_id import execution_id
from baton.domain.run.messages.commands import RequestRun, StartRun
from baton.domain.run.trigger import BY_HAND
from baton.domain.schedule.decisions import DECIDER as SCHEDULE
from baton.domain.schedule.messages import Miss, RecordTick
from baton.domain.schedule.timetable import Interval
from baton.domain.stream import stream_name
from baton.domain.verification.decisions import DECIDER as VERIFICATION
from baton.domain.verification.messages import ReportFinding, RequestVerification
from baton.eventlog.backtests.selection import RunSelection
from baton.eventlog.dead_letters.dead_lettering import dead_letter
from baton.eventlog.loops.transact import transact
from baton.eventlog.notary.checks.store import Requirements, verify_store
from baton.eventlog.ports.topics import Message, ReceivedMessage
from baton.eventlog.ports.views import ViewSets
from baton.protocols.canonical_json import canonical, digest
from tests.kit.bulks import make_bulk
from tests.kit.webhooks import CLOSED, dead_delivery
from tests.notary.sealing import seal
from tests.scenarios.stack import Client

__all__ = ["ANSWERED", "QUERIES", "body", "distinct_body", "error_code", "prepare"]

ANSWERED = {"GET /runs", "GET /runs/{runId}", "GET /definitions/{definition}", "POST /definitions"}
"""Operations that some generated requests succeed with; others depend on the state of a run."""

_IS_LARGE = Condition(path="input.total", op="gt", value=100)
_GRAPH = Graph(
    steps=(
        Compute(id="only", function="answer", next="choose"),
        Decision(id="choose", cases=(Case(conditions=(_IS_LARGE,), next="only"),)),
    )
)
_DOCUMENT = {"name": "Fresh", "steps": [{"id": "only", "function": "answer"}]}
_BODIES: dict[str, object] = {
    "/events": {"event": "record_created", "recordSlug": "orders", "recordId": "rec_1"},
    "/definitions": {"slug": "fresh", **_DOCUMENT},
    "/definitions/{definition}": _DOCUMENT,
    "/runs": {"definition": "{definition}"},
    "/definitions/{definition}/test-decision": {"stepId": "choose", "input": {"total": 101}},
    "/definitions/{definition}/backtests": {"definition": _DOCUMENT},
    "/bulk": {"action": "cancel", "ids": ["{runId}"]},
    "/clock": {"advance": "1h"},
    "/ui/session": {"code": "used"},
    "/webhooks": {"url": CLOSED, "events": ["workflow.execution.completed"]},
    "/webhooks/{webhookId}": {"events": ["workflow.execution.failed"]},
}
"""Bodies that the routes accept; any other route takes an empty one."""
_HOURLY = ScheduleTrigger(timetable=Interval(every_ms=3_600_000))

QUERIES = {"/audit/proof": "?run={runId}", "/runs/{runId}/diff": "?with={runId}"}
"""The queries that routes require."""


async def prepare(client: Client, route: Route) -> dict[str, str]:
    """Create a definition with a schedule, a record event and a run with a step.

    The run is cancelled where the route retries one, and paused where it resumes one. The first
    route, of artifacts, stands for all.
    """
    services, now = client.stack.services, client.stack.services.clock.now()
    user = Principal(subject="ada", tenant=client.tenant)
    definition = (await create_definition(services, user, _new_definition(client), at=now)).state
    run_id = await _run(client, user, definition, route)
    if _needs(route, "/audit"):
        await seal(client.stack.stores.leaves)
    if _needs(route, "/audit") or _needs(route, "{streamId}"):
        await _verified(client, now)
    return {
        "definition": definition.definition_id,
        "version": _label(client) or "1",
        "runId": run_id,
        "executionId": execution_id(run_id, "only", 1, 1),
        "scheduleId": definition.definition_id,
        "recordId": derived_id("record", client.tenant, "evt-1"),
        "definitionId": definition.definition_id,
        "backtestId": await _backtest(client, definition) if _needs(route, "backtestId") else "",
        "verificationId": _verification_of(client.tenant),
        "kind": VERIFICATION.name,
        "streamId": _verification_of(client.tenant),
        "dialect": "baton",
        "hash": await _artifact(client),
        "set": await _live_set(client.stack.stores.view_sets),
        **(await dead_delivery(services, user) if _about_webhooks(route) else {}),
        **(await _bulk(client, route, run_id) if _needs(route, "/bulk/") else {}),
        **(await _dead_letter(client) if _needs(route, "/dead-letters") else {}),
    }


def _label(client: Client) -> str | None:
    """Return the label of the definition's version; None stands for the number."""
    return None if client.tenant == client.stack.tenant else "77.7.7"


def _new_definition(client: Client) -> NewDefinition:
    return NewDefinition(
        definition_id=client.stack.services.new_id(),
        slug="orders",
        body=Body(name="Orders", trigger=_HOURLY, graph=_GRAPH),
        label=_label(client),
    )


async def _run(client: Client, user: Principal, definition: Definition, route: Route) -> str:
    """Start a run and a record event, and bring the run into the status that the route needs."""
    services, now = client.stack.services, client.stack.services.clock.now()
    request = RequestRun(
        run_id=services.new_id(), definition=definition, trigger=BY_HAND, actor=user.actor, at=now
    )
    await start_run(services, request)
    await send_records(services, user, [_record(client.tenant, now)])
    position = await _begin(client, request.run_id, definition.definition_id, now)
    if route.path == "/runs/{runId}/retry":
        position = (await cancel_run(services, user, request.run_id, at=now)).position
    elif "resume" in route.path:
        position = (await pause_run(services, user, request.run_id, at=now)).position
    assert await services.reached(position, 5_000)
    return request.run_id


async def _artifact(client: Client) -> str:
    """Store a large value of the tenant and return its hash."""
    raw = canonical(f"{client.tenant} " * 10_000)
    await client.stack.stores.artifacts.put(client.tenant, digest(raw), raw)
    return digest(raw)


def _about_webhooks(route: Route) -> bool:
    return any(_needs(route, part) for part in ("/webhooks", "{webhookId}", "{deliveryId}"))


def _needs(route: Route, part: str) -> bool:
    return part in route.path or route.path == "/artifacts/{hash}"


async def _dead_letter(client: Client) -> dict[str, str]:
    """Store a message of the tenant that can't be read."""
    value = f'{{"workspaceslug": "{client.tenant}"}}'.encode()
    message = Message(value=value)
    received = ReceivedMessage(topic="in.records", partition=0, offset=1, at=1, message=message)
    letter = dead_letter(received, "specversion: must be '1.0'", at=1)
    await client.stack.stores.dead_letters.put([letter])
    return {"letterId": letter.letter_id}


def _verification_of(tenant: str) -> str:
    return derived_id("verification", tenant)


async def _verified(client: Client, now: int) -> None:
    """Record a verification with a result."""
    ident = _verification_of(client.tenant)
    stream = stream_name(client.tenant, VERIFICATION.name, ident)
    actor = Principal(subject="ada", tenant=client.tenant).actor
    request = RequestVerification(tenant=client.tenant, verification_id=ident, actor=actor, at=now)
    await transact(client.stack.services.store, VERIFICATION, stream, request)
    stores = client.stack.stores
    verdict = await verify_store(stores.leaves, stores.artifacts, Requirements())
    report = ReportFinding(finding=verdict.finding, at=now)
    await transact(client.stack.services.store, VERIFICATION, stream, report)


async def _bulk(client: Client, route: Route, run_id: str) -> dict[str, str]:
    user = Principal(subject="ada", tenant=client.tenant)
    failed = route.path == "/bulk/{bulkId}/retry"
    stores = client.stack.stores
    return await make_bulk(client.stack.services, stores.artifacts, user, run_id, failed=failed)


async def _live_set(sets: ViewSets) -> str:
    """Return the number of the live set; a set that an earlier request has begun is dropped."""
    for one in await sets.every():
        if not one.epoch:
            await sets.drop(one.number)
    return str(max(one.number for one in await sets.every()))


def _record(tenant: str, now: int) -> ReceiveRecord:
    return ReceiveRecord(
        event_id="evt-1",
        source=tenant,
        type="record.created",
        tenant=tenant,
        structure="orders",
        record_id="rec_1",
        data=None,
        time=now,
        at=now,
    )


async def _backtest(client: Client, definition: Definition) -> str:
    """Start a backtest of no runs and return its id."""
    services = client.stack.services
    request = BacktestRequest(
        selection=RunSelection(
            tenant=client.tenant,
            definition_id=definition.definition_id,
            ids=frozenset(),
        ),
        candidate=candidate_of(definition, definition.body),
        name=definition.body.name,
        slug=definition.slug,
    )
    job = services.backtests.start(services.new_id(), request)
    assert job is not None
    return job.id


async def _begin(client: Client, run_id: str, definition_id: str, now: int) -> int:
    """Start the first step of the run, and record a tick; return the position behind both."""
    store = client.stack.services.store
    stream = stream_name(client.tenant, RUN.name, run_id)
    await transact(store, RUN, stream, StartRun(graph=_GRAPH, at=now))
    ticks = stream_name(client.tenant, SCHEDULE.name, definition_id)
    tick = RecordTick(nominal_at=now, outcome=Miss("no scheduler was running"), at=now)
    return (await transact(store, SCHEDULE, ticks, tick)).position


def body(route: Route) -> object:
    """Return a body that the route accepts."""
    return _BODIES.get(route.path, {})


def distinct_body(operation: str, generated: object, number: int) -> object:
    """Return a generated body, changed so that it names what exists, or what nothing else names."""
    if not isinstance(generated, dict):
        return generated
    changed: dict[str, Any] = {
        "POST /definitions": {"slug": f"made-{number}", **_DOCUMENT, "trigger": {"manual": True}},
        "PUT /definitions/{definition}": {**_DOCUMENT, "slug": "orders"},
        "POST /runs": {"definition": "{definition}"},
    }
    found = changed.get(operation)
    if found is None or operation == "POST /runs":
        return generated if found is None else found
    return {**generated, **found}


def error_code(body: Mapping[str, object]) -> str:
    """Return a refusal's code."""
    assert set(body) <= {"error", "message", "details"}
    assert isinstance(body["message"], str)
    return str(body["error"])
