"""Bad input to Centrali's dialects: query parameters, and every member of a document."""

from typing import Any

import pytest

from tests.dialects import centrali_documents as documents
from tests.dialects.centrali_client import START_VERBS, centrali_client
from tests.dialects.centrali_requests import DEFINITION, error_code, named_fields
from tests.scenarios.stack import Stack

NAMES = sorted(START_VERBS)
HIDDEN = ("\x1b[2J", "\x9d", "\r\n", "\u202e", "\u2028", "\u200b")
"""Characters that a terminal obeys or that hide in a line."""


async def assert_refused(stack: Stack, answer: Any, status: int) -> None:
    codes = {400: "validation_error", 404: "not_found"}
    assert answer.status == status, answer.body
    assert error_code(answer.body) == codes[status]
    assert b"Traceback" not in answer.raw
    assert (await stack.get("/healthz")).status == 200


@pytest.mark.parametrize("name", NAMES)
async def test_a_path_that_names_no_route_is_not_found(idle: Stack, name: str) -> None:
    client = centrali_client(idle, name)

    for path in ("", "/orchestration", "/orchestrations/"):
        await assert_refused(idle, await client.get(path), 404)


QUERIES = [
    ("", "page", value) for value in ("0", "-1", "1.0", "1_0", "x", "", "%2B1", "99999999999")
]
QUERIES += [("", "pageSize", value) for value in ("0", "101", "-5", "ten", "1e1", "٣")]
QUERIES += [("", "sort", value) for value in ("id", "", "created_at", "version;drop", "name,slug")]
QUERIES += [("", "order", value) for value in ("up", "ASC", "")]
QUERIES += [("/{id}/runs", "status", value) for value in ("done", "", "cancelled", "FAILED")]
QUERIES += [("/{id}/runs", "page", "0"), ("/{id}/runs", "pageSize", "101")]
QUERIES += [("/{id}/runs/{run}", "include", value) for value in ("all", "", "steps,x")]


@pytest.mark.parametrize("name", NAMES)
async def test_a_parameter_out_of_range_is_refused(idle: Stack, name: str) -> None:
    client = centrali_client(idle, name)
    made = await client.create(DEFINITION)
    run = await client.start(made["id"])

    for path, parameter, value in QUERIES:
        full = f"/orchestrations{path}".format(id=made["id"], run=run["id"])
        answer = await client.get(f"{full}?{parameter}={value}")
        assert answer.status == 400, (parameter, value)
        assert named_fields(answer.body) == [parameter]
        await assert_refused(idle, answer, 400)
        twice = await client.get(f"{full}?{parameter}=1&{parameter}=1")
        await assert_refused(idle, twice, 400)


def with_steps(*steps: object) -> dict[str, Any]:
    return {**DEFINITION, "slug": "new", "trigger": {"type": "on-demand"}, "steps": list(steps)}


def compute(**members: object) -> dict[str, Any]:
    return with_steps(documents.compute("a", "f", **members))


def triggered(**members: object) -> dict[str, Any]:
    return {**compute(), "trigger": members}


def decided(*conditions: object, **members: object) -> dict[str, Any]:
    case = {"conditions": list(conditions), "nextStepId": "a", **members}
    return with_steps({"id": "a", "type": "decision", "cases": [case]})


def without(member: str) -> dict[str, Any]:
    return {name: value for name, value in compute().items() if name != member}


def changed(**members: object) -> dict[str, Any]:
    return {**compute(), **members}


def scheduled(**members: object) -> dict[str, Any]:
    return triggered(type="scheduled", **members)


DOCUMENTS: list[tuple[str, dict[str, Any]]] = [
    *((member, without(member)) for member in ("slug", "name", "trigger", "steps")),
    *(
        ("slug", changed(slug=slug))
        for slug in ("", "A", "-a", "a_b", "a" * 64, "a/b", "ä", 5, None, "a\n")
    ),
    *(("name", changed(name=name)) for name in ("", "  ", "x" * 201, 5, True, None)),
    ("name", changed(name=["x"])),
    ("description", {**compute(), "description": 5}),
    *(("trigger", changed(trigger=trigger)) for trigger in (None, "on-demand", [1])),
    ("trigger.type", triggered()),
    *(("trigger.type", triggered(type=kind)) for kind in ("manual", "On-Demand", 1, None)),
    ("trigger.eventType", triggered(type="event-driven")),
    ("trigger.eventType", triggered(type="event-driven", eventType="record.exploded")),
    (
        "trigger.structureSlug",
        triggered(type="event-driven", eventType="record.created", structureSlug=""),
    ),
    ("trigger.scheduleType", scheduled()),
    ("trigger.scheduleType", scheduled(scheduleType="hourly")),
    ("trigger.interval", scheduled(scheduleType="interval")),
    *(
        ("trigger.interval", scheduled(scheduleType="interval", interval=interval))
        for interval in (0, -1, 1.5, "60", True, 2**62)
    ),
    ("trigger.cronExpression", scheduled(scheduleType="cron")),
    *(
        ("trigger.cronExpression", scheduled(scheduleType="cron", cronExpression=expression))
        for expression in (
            "",
            "x",
            "0 0 30 2 *",
            "* * * * * *",
            "* * * * * * *",
            "H * * * *",
            "R * * * *",
            "@daily",
            "60 * * * *",
            "* " * 50_000,
        )
    ),
    *(
        (
            "trigger.timezone",
            scheduled(scheduleType="cron", cronExpression="* * * * *", timezone=zone),
        )
        for zone in ("Mars/Olympus", "../../etc/passwd", "", "local", "UTC+1 ")
    ),
    (
        "trigger.timezone",
        scheduled(scheduleType="once", scheduledAt="2031-01-01T00:00:00", timezone="x/y"),
    ),
    ("trigger.scheduledAt", scheduled(scheduleType="once")),
    *(
        ("trigger.scheduledAt", scheduled(scheduleType="once", scheduledAt=at))
        for at in (
            "soon",
            "2031-13-01T00:00:00Z",
            "2031-01-01",
            "1e9",
            "0001-01-01T00:00:00+23:00",
            "2031-01-01T25:00:00Z",
        )
    ),
    *(
        ("trigger.path", triggered(type="http-trigger", path=path))
        for path in ("", "/", "webhooks/", "/webhooks/", "a b", "a?b", "a#b", "a//b", "x" * 300, 5)
    ),
    *(
        ("trigger.signatureHeaderName", triggered(type="http-trigger", signatureHeaderName=header))
        for header in ("", "a b", "X\r\nEvil: 1", "ä", "x" * 300)
    ),
    *(("name", changed(name=f"a{hidden}b")) for hidden in HIDDEN),
    *(("steps[0].name", compute(name=f"a{hidden}b")) for hidden in HIDDEN),
    *(("steps[0].functionId", compute(functionId=f"a{hidden}b")) for hidden in HIDDEN),
    *(
        (
            "trigger.structureSlug",
            triggered(type="event-driven", eventType="record_created", structureSlug=f"a{hidden}b"),
        )
        for hidden in HIDDEN
    ),
    ("trigger.validateSignature", triggered(type="http-trigger", validateSignature="yes")),
    *(
        ("trigger.signingSecret", triggered(type="http-trigger", signingSecret=secret))
        for secret in (
            "",
            "x" * 1_001,
            5,
            "x",
            "x" * 15,
            "whsec_",
            "whsec_AA==",
            "whsec_" + "A" * 20,
        )
    ),
    *(("steps", changed(steps=steps)) for steps in (None, {"a": 1}, "x")),
    ("steps", changed(steps=[])),
    ("steps[0]", with_steps(5)),
    ("steps[0].id", with_steps({"type": "delay", "delayMs": 1})),
    *(("steps[0].id", compute(id=ident)) for ident in ("", "a.b", "a b", "x" * 65, 5, "ä", "a\n")),
    *(("steps[0].type", compute(type=kind)) for kind in ("sync", "Compute", None)),
    ("steps[0].name", compute(name="x" * 201)),
    ("steps[0].functionId", with_steps({"id": "a", "type": "compute"})),
    *(
        ("steps[0].functionId", compute(functionId=function))
        for function in ("", None, 5, "x" * 201)
    ),
    *(
        ("steps[0].timeoutMs", compute(timeoutMs=timeout))
        for timeout in (0, -1, 1.5, "30000", True, 2**62)
    ),
    *(
        ("steps[0].retry.maxAttempts", compute(retry={"maxAttempts": attempts}))
        for attempts in (0, -1, "3", 10**9)
    ),
    *(
        ("steps[0].retry.backoffMs", compute(retry={"backoffMs": wait}))
        for wait in (-1, 0.5, 2**62)
    ),
    ("steps[0].onFailure.action", compute(onFailure={"action": "explode"})),
    ("steps[0].nextStepId", compute(nextStepId="nowhere")),
    ("steps[0].nextStepId", compute(nextStepId="")),
    ("steps[0].onSuccess.nextStepId", compute(onSuccess={"nextStepId": "nowhere"})),
    ("steps[0].delayMs", with_steps({"id": "a", "type": "delay"})),
    *(
        ("steps[0].delayMs", with_steps({"id": "a", "type": "delay", "delayMs": delay}))
        for delay in (-1, "5", 2**62)
    ),
    ("steps[0].cases", with_steps({"id": "a", "type": "decision"})),
    ("steps[0].cases", with_steps({"id": "a", "type": "decision", "cases": []})),
    (
        "steps[0].defaultNextStepId",
        with_steps({"id": "a", "type": "decision", "cases": [], "defaultNextStepId": "x"}),
    ),
    ("steps[0].cases[0].nextStepId", decided(nextStepId="nowhere")),
    ("steps[0].cases[0].nextStepId", decided(nextStepId=None)),
    ("steps[0].cases[0].conditions", decided(conditions=5)),
    ("steps[0].cases[0].conditions[0].path", decided({"op": "exists"})),
    *(
        ("steps[0].cases[0].conditions[0].path", decided({"path": path, "op": "exists"}))
        for path in ("", "x" * 1_001, "a" + ".a" * 100)
    ),
    ("steps[0].cases[0].conditions[0].op", decided({"path": "input.a"})),
    (
        "steps[0].cases[0].conditions[0].op",
        decided({"path": "input.a", "op": "matches", "value": "(a+)+$"}),
    ),
    ("steps[0].cases[0].conditions[0].value", decided({"path": "input.a", "op": "eq"})),
    ("steps[0].cases[0].conditions[0].value", decided({"path": "input.a", "op": "in", "value": 5})),
    (
        "steps[0].cases[0].conditions[0].value",
        decided({"path": "input.a", "op": "gt", "value": None}),
    ),
    (
        "steps[0].cases[0].conditions[0].valuePath",
        decided({"path": "input.a", "op": "eq", "valuePath": ""}),
    ),
    (
        "steps[1].id",
        with_steps(
            {"id": "a", "type": "delay", "delayMs": 1}, {"id": "a", "type": "delay", "delayMs": 1}
        ),
    ),
    ("steps", with_steps(*({"id": f"s{n}", "type": "delay", "delayMs": 1} for n in range(1_001)))),
]


@pytest.mark.parametrize("name", NAMES)
async def test_a_fault_is_named_by_its_place_on_creation(idle: Stack, name: str) -> None:
    client = centrali_client(idle, name)

    for place, document in DOCUMENTS:
        answer = await client.post("/orchestrations", document)
        assert answer.status == 400, (place, str(document)[:500])
        assert place in named_fields(answer.body), (place, answer.body)
        await assert_refused(idle, answer, 400)

    assert await idle.stored() == []


@pytest.mark.parametrize("name", NAMES)
async def test_a_fault_is_named_by_its_place_on_change(idle: Stack, name: str) -> None:
    client = centrali_client(idle, name)
    made = await client.create(DEFINITION)
    before = await idle.stored()

    for place, document in DOCUMENTS:
        member = place.partition(".")[0].partition("[")[0]
        if member == "slug" or member not in document:
            continue
        change = {member: document[member]}
        answer = await client.put(f"/orchestrations/{made['id']}", change)
        assert answer.status == 400, (place, str(change)[:500])
        assert place in named_fields(answer.body), (place, answer.body)

    assert await idle.stored() == before


@pytest.mark.parametrize(
    "body",
    [
        {"input": 5},
        {"input": []},
        {"input": "x"},
        {"correlationId": 5},
        {"correlationId": ""},
        {"correlationId": "x" * 201},
    ],
)
@pytest.mark.parametrize("name", NAMES)
async def test_an_invalid_request_for_a_run_is_refused(idle: Stack, name: str, body: dict) -> None:
    client = centrali_client(idle, name)
    made = await client.create(DEFINITION)

    answer = await client.post(f"/orchestrations/{made['id']}/{client.start_verb}", body)

    await assert_refused(idle, answer, 400)
    assert named_fields(answer.body) == list(body)


async def test_every_fault_is_named_at_once_in_the_reference(idle: Stack) -> None:
    client = centrali_client(idle, "centrali-reference")
    steps = [{"id": "a", "type": "compute"}, {"id": "b", "type": "delay"}]

    answer = await client.post("/orchestrations", with_steps(*steps))

    assert answer.body["details"] == [
        {"field": "steps[0].functionId", "message": "required"},
        {"field": "steps[1].delayMs", "message": "required"},
    ]


async def test_the_openapi_dialect_names_the_first_fault_in_its_message(idle: Stack) -> None:
    client = centrali_client(idle, "centrali-openapi")

    answer = await client.post("/orchestrations", compute(nextStepId="nowhere"))

    assert answer.body == {
        "error": "validation_error",
        "message": "steps[0].nextStepId: names the unknown step 'nowhere'",
        "field": "steps[0].nextStepId",
    }


@pytest.mark.parametrize("key", ["", "x" * 256, "ä"])
@pytest.mark.parametrize("name", NAMES)
async def test_an_idempotency_key_is_short_text(idle: Stack, name: str, key: str) -> None:
    client = centrali_client(idle, name)

    answer = await client.post("/orchestrations", compute(), headers={"Idempotency-Key": key})

    await assert_refused(idle, answer, 400)
