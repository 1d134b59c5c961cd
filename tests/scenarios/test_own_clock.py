"""A server with virtual time: GET and POST /clock, and everything that follows the clock."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from baton.command_api.principal import ADMIN, READ, WRITE
from baton.eventlog.clock import SystemClock
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.protocols.iso_time import format_time, parse_time
from baton.role import Replacements
from tests.dialects.baton_documents import Document, own_definition
from tests.kit.stack import Response, bearer, running_roles
from tests.scenarios.stack import Stack, settings_for

HOUR_MS = 3_600_000
STEPS: tuple[Document, ...] = (
    {
        "id": "try",
        "function": "fail",
        "config": {"times": 2},
        "retry": {"attempts": 3, "backoff": "1m", "factor": 1},
    },
    {"id": "nap", "delay": "3h"},
    {"id": "slow", "function": "sleep", "config": {"ms": 20_000}, "timeout": "10s"},
)

_numbers = count(1)


@pytest_asyncio.fixture(params=["memory", "sqlite"], scope="module", loop_scope="module")
async def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stack]:
    settings = await settings_for(tmp_path_factory.mktemp("virtual"), request.param)
    time = VirtualTime(SystemClock().now(), real_idle=True)
    async with running_roles(settings, Stack, replaced=Replacements(time=time)) as running:
        yield running


@pytest.fixture
def virtual(server: Stack) -> Stack:
    return replace(server, tenant=f"virtual-{next(_numbers)}")


async def clock(stack: Stack, body: object = None, **headers: str) -> Response:
    """Show the clock, or move it, with a token that the clock's moves don't end."""
    sent = {**bearer(tenant=stack.tenant, scope=ADMIN, exp=10**11), **headers}
    if body is None:
        return await stack.get("/clock", headers=sent)
    return await stack.post("/clock", body, headers=sent)


async def call(stack: Stack, method: str, path: str, json: object = None) -> Any:
    headers = bearer(tenant=stack.tenant, scope=ADMIN, exp=10**11)
    answer = await stack.call(method, path, json=json, headers=headers)
    assert answer.status < 300, answer.body
    return answer.body


@pytest.mark.operations("baton", "getClock", "moveClock")
async def test_a_run_of_hours_passes_as_the_clock_is_moved(virtual: Stack) -> None:
    await call(virtual, "POST", "/definitions", own_definition("naps", *STEPS))
    before = parse_time((await clock(virtual)).body["now"])
    run = await call(virtual, "POST", "/runs", {"definition": "naps"})
    shown = (await clock(virtual)).body
    waiting = await call(virtual, "GET", f"/runs/{run['id']}")

    moved = (await clock(virtual, {"advance": "4h"})).body
    ended = await call(virtual, "GET", f"/runs/{run['id']}")

    assert shown == {"now": format_time(before), "nextDueAt": format_time(before + 60_000)}
    assert waiting["status"] == "waiting"
    assert moved["now"] == format_time(before + 4 * HOUR_MS)
    times = [(one["attempt"], parse_time(one["completedAt"]) - before) for one in ended["steps"]]
    assert (ended["status"], ended["failure"]["code"]) == ("failed", "TIMEOUT")
    assert times == [
        *((1, 0), (2, 60_000), (3, 120_000)),
        (1, 120_000 + 3 * HOUR_MS),
        (1, 130_000 + 3 * HOUR_MS),
    ]


async def test_schedules_fire_in_order_at_their_own_times(virtual: Stack) -> None:
    for slug, every in (("often", "20m"), ("hourly", "1h")):
        document = own_definition(slug, trigger={"every": every})
        await call(virtual, "POST", "/definitions", document)
    start = parse_time((await clock(virtual)).body["now"])

    await clock(virtual, {"to": format_time(start + 2 * HOUR_MS)})
    runs = (await call(virtual, "GET", "/runs?limit=100"))["runs"]
    await clock(virtual, {"advance": 0})

    began = [(parse_time(one["requestedAt"]) - start) // 60_000 for one in runs]
    assert sorted(began) == sorted([*range(20, 121, 20), 60, 120])
    assert {one["status"] for one in runs} == {"completed"}
    assert began == sorted(began, reverse=True)


async def test_tokens_and_idempotency_keys_expire_as_the_clock_moves(virtual: Stack) -> None:
    now = parse_time((await clock(virtual)).body["now"]) // 1_000
    token = bearer(tenant=virtual.tenant, scope=WRITE, exp=now + 600)
    events = [{"event": "record_created", "recordSlug": "x", "recordId": one} for one in "ab"]
    key = {"Idempotency-Key": "once"}
    await virtual.post("/events", events[0], headers={**token, **key})
    reused = await virtual.post("/events", events[1], headers={**token, **key})

    await clock(virtual, {"advance": "25h"})
    expired = await virtual.get("/runs", headers=token)
    fresh = bearer(tenant=virtual.tenant, scope=WRITE, exp=10**11)
    accepted = await virtual.post("/events", events[1], headers={**fresh, **key})

    assert (reused.status, expired.status, accepted.status) == (422, 401, 202)


@pytest.mark.parametrize(
    ("body", "place", "message"),
    [
        ({}, "advance", "either advance or to is required"),
        ({"advance": "1h", "to": "2100-01-01T00:00Z"}, "advance", "either advance or to"),
        ({"advance": "1 hour"}, "advance", "must be a duration"),
        ({"advance": -1}, "advance", "must be a duration"),
        ({"advance": "3700d"}, "advance", "more than ten years"),
        ({"to": "2020-01-01T00:00Z"}, "to", "is past: the clock shows 20"),
        ({"to": "2030-01-01T00:00"}, "to", "must have a time zone"),
        ({"to": "tomorrow"}, "to", "must be an ISO-8601 date and time"),
        ({"to": "9999-01-01T00:00Z"}, "to", "more than ten years"),
    ],
)
async def test_a_move_that_makes_no_sense_is_refused(
    virtual: Stack, body: object, place: str, message: str
) -> None:
    before = (await clock(virtual)).body

    refused = await clock(virtual, body)

    assert (refused.status, refused.body["error"]) == (400, "validation_error")
    assert refused.body["details"][0]["field"] == place
    assert message in refused.body["details"][0]["message"]
    assert (await clock(virtual)).body == before


async def test_the_clock_of_the_machine_is_not_moved(idle: Stack) -> None:
    answers = [await clock(idle), await clock(idle, {"advance": "1h"})]

    for answer in answers:
        assert (answer.status, answer.body["error"]) == (409, "conflict")
        assert "baton dev --virtual-time" in answer.body["message"]


async def test_moving_the_clock_is_for_administrators(virtual: Stack) -> None:
    for scope in (READ, WRITE):
        refused = await clock(virtual, {"advance": "1h"}, **bearer(scope=scope, exp=10**11))
        assert refused.status == 403
