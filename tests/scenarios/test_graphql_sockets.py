"""GraphQL over WebSockets: the protocol, its refusals, and the ends of subscriptions."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from baton.command_api.dialects.workflow_orchestration.graphql import GRAPHQL
from baton.command_api.dialects.workflow_orchestration.graphql.socket import session
from baton.command_api.security.auth import TokenAuthenticator
from baton.command_api.security.token_keys import SharedSecrets
from baton.command_api.streaming import credential
from tests.api.running import running
from tests.kit.api_keys import create_key, revoke_key
from tests.kit.clock import SettableClock
from tests.kit.eventually import eventually
from tests.kit.stack import SECRET, RunningServer, bearer, token
from tests.scenarios.graphql_seed import EXAMPLES
from tests.scenarios.graphql_socket import authorized, connected
from tests.scenarios.stack import Stack, running_stack

CREATE = EXAMPLES["CreateWorkflowDefinition"].query
START = EXAMPLES["StartWorkflowExecution"].query
UPDATES = EXAMPLES["WorkflowExecutionUpdates"].query
TYPENAME = "{ __typename }"
TWO_AT_ONCE = (
    "subscription { a: workflowExecutionUpdated(id: 1) { id }"
    " b: workflowExecutionUpdated(id: 2) { id } }"
)
_numbers = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path_factory.mktemp("graphql")) as running:
        yield running


@pytest.fixture
def server(one_server: Stack) -> Stack:
    return replace(one_server, tenant=f"acme-{next(_numbers)}")


async def send(server: RunningServer, query: str, **variables: object) -> Any:
    answer = await server.post("/graphql", {"query": query, "variables": variables})
    assert "errors" not in answer.body, answer.body
    return next(iter(answer.body["data"].values()))


async def held(server: RunningServer) -> str:
    """Start an execution whose task runs until it is cancelled; return its id."""
    given = {"name": "Held", "tasks": [{"name": "Wait", "function": "hold"}]}
    made = await send(server, CREATE, input=given)
    started = await send(server, START, input={"workflowDefinitionId": made["id"]})
    return str(started["id"])


async def cancel(server: RunningServer, run_id: str) -> None:
    await send(server, "mutation($id: ID!) { cancelWorkflowExecution(id: $id) { id } }", id=run_id)


async def test_queries_and_mutations_answer_once(server: Stack) -> None:
    async with authorized(server) as socket:
        await socket.subscribe("q", TYPENAME)
        assert await socket.receive() == {
            "id": "q",
            "type": "next",
            "payload": {"data": {"__typename": "Query"}},
        }
        assert await socket.receive() == {"id": "q", "type": "complete"}
        await socket.subscribe("q", CREATE, input={"name": "x", "tasks": [{"name": "one"}]})
        made = await socket.receive()
        assert made["payload"]["data"]["createWorkflowDefinition"]["version"] == "1.0.0"


async def test_a_subscription_shows_each_change_until_it_is_completed(server: Stack) -> None:
    run_id = await held(server)
    async with authorized(server) as socket:
        await socket.subscribe("s", UPDATES, id=run_id)
        first = await socket.receive()
        assert first["payload"]["data"]["workflowExecutionUpdated"]["status"] == "RUNNING"

        await cancel(server, run_id)
        shown = first
        while shown["payload"]["data"]["workflowExecutionUpdated"]["status"] != "CANCELLED":
            shown = await socket.receive()

        await socket.send("complete", id="s")
        await eventually(lambda: server.services.live.subscribers == 0)
        await socket.subscribe("s", TYPENAME)  # the id is free again
        assert (await socket.receive())["payload"] == {"data": {"__typename": "Query"}}


async def test_a_closed_socket_leaves_no_subscription(server: Stack) -> None:
    run_id = await held(server)
    async with authorized(server) as socket:
        for number in range(5):
            await socket.subscribe(str(number), UPDATES, id=run_id)
            await socket.receive()
        assert server.services.live.subscribers == 5

    await eventually(lambda: server.services.live.subscribers == 0)
    await cancel(server, run_id)


async def test_an_unknown_run_is_an_error_of_the_operation(server: Stack) -> None:
    stranger = replace(server, tenant="globex")
    run_id = await held(stranger)
    async with authorized(server) as socket:
        for ident in (run_id, "nope", "a\x00b"):
            await socket.subscribe("s", UPDATES, id=ident)
            if "\x00" in ident:
                assert await socket.closed() == 4400
                continue
            error = await socket.receive()
            assert (error["type"], error["id"]) == ("error", "s")
            assert error["payload"][0]["extensions"]["code"] == "not_found"
    await cancel(stranger, run_id)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "validation_error"),
        ("{ nothing }", "validation_error"),
        ("{ " + "__typename " * 2_000 + "}", "LIMIT_EXCEEDED"),
        (TWO_AT_ONCE, "validation_error"),
    ],
)
async def test_a_refused_operation_leaves_the_socket_open(
    server: Stack, query: str, code: str
) -> None:
    async with authorized(server) as socket:
        await socket.subscribe("1", query)
        error = await socket.receive()
        assert (error["type"], error["payload"][0]["extensions"]["code"]) == ("error", code)
        await socket.send("ping", payload={"a": 1})
        assert await socket.receive() == {"type": "pong", "payload": {"a": 1}}


async def test_a_reader_cannot_change_anything(server: Stack) -> None:
    async with authorized(server, scope="orchestrator:read") as socket:
        await socket.subscribe("1", CREATE, input={"name": "x", "tasks": [{"name": "one"}]})
        (error,) = (await socket.receive())["payload"]["errors"]
        assert error["extensions"]["code"] == "forbidden"


@pytest.mark.parametrize(
    ("payload", "claims", "code"),
    [
        (None, None, 4401),
        ({}, None, 4401),
        ({"Authorization": "Bearer nonsense"}, None, 4401),
        ({"Authorization": 1}, None, 4401),
        ({}, {"exp": 1}, 4401),
        ({}, {"scope": "other:read"}, 4403),
        ({"X-Tenant": "globex"}, {}, 4403),
        ([], None, 4400),
        ("x", None, 4400),
    ],
)
async def test_a_connection_init_without_a_good_token_closes(
    server: Stack, payload: object, claims: dict[str, object] | None, code: int
) -> None:
    if isinstance(payload, dict) and claims is not None:  # a token of now, as tokens expire
        payload = {**payload, **bearer(**claims)}
    async with connected(server) as socket:
        await socket.send("connection_init", payload=payload)
        assert await socket.closed() == code


async def test_the_token_may_be_in_the_header_and_the_tenant_in_the_payload(server: Stack) -> None:
    async with connected(server, headers=bearer()) as socket:
        await socket.begin()
    several = {"Authorization": f"Bearer {token(tenant=['acme', 'globex'])}"}
    async with connected(server) as socket:
        await socket.begin({**several, "X-Tenant": "globex"})
    async with connected(server) as socket:
        await socket.send("connection_init", payload=several)
        assert await socket.closed() == 4403


OUT_OF_ORDER: dict[str, tuple[list[Any], int]] = {
    "an operation before the token": (
        [{"type": "subscribe", "id": "1", "payload": {"query": TYPENAME}}],
        4401,
    ),
    "no JSON": (["{"], 4400),
    "an array": ([[]], 4400),
    "no type": ([{}], 4400),
    "an unknown type": ([{"type": "start"}], 4400),
    "no text": ([b"x"], 4400),
    "a NUL": (['{"type": "ping", "payload": {"a": "\\u0000"}}'], 4400),
    "too deep": (['{"type": "ping", "payload": ' + '{"a":' * 100 + "1" + "}" * 101], 4400),
    "a second init": ([{"type": "connection_init"}], 4429),
    "an operation without an id": ([{"type": "subscribe", "payload": {"query": "{"}}], 4400),
    "an empty id": ([{"type": "subscribe", "id": "", "payload": {"query": "{"}}], 4400),
    "an operation without a payload": ([{"type": "subscribe", "id": "1"}], 4400),
    "an operation without a query": ([{"type": "subscribe", "id": "1", "payload": {}}], 4400),
    "a batch": ([{"type": "subscribe", "id": "1", "payload": [{"query": TYPENAME}]}], 4400),
    "too large": (["x" * (session.MAX_MESSAGE_BYTES + 1)], 1009),
}


@pytest.mark.parametrize("name", sorted(OUT_OF_ORDER))
async def test_a_message_that_the_protocol_does_not_allow_closes(server: Stack, name: str) -> None:
    messages, code = OUT_OF_ORDER[name]
    async with connected(server, headers=bearer()) as socket:
        if code != 4401:
            await socket.begin()
        for message in messages:
            if isinstance(message, bytes):
                await socket.raw.send_bytes(message)
            else:
                text = message if isinstance(message, str) else json.dumps(message)
                await socket.raw.send_str(text)
        assert await socket.closed() == code


async def test_two_operations_of_one_id_close(server: Stack) -> None:
    run_id = await held(server)
    async with authorized(server) as socket:
        await socket.subscribe("1", UPDATES, id=run_id)
        await socket.receive()
        await socket.subscribe("1", UPDATES, id=run_id)
        assert await socket.closed() == 4409
    await cancel(server, run_id)


async def test_a_completed_operation_that_never_was_is_ignored(server: Stack) -> None:
    async with authorized(server) as socket:
        await socket.send("complete", id="nothing")
        await socket.send("pong")
        await socket.send("ping")
        assert (await socket.receive())["type"] == "pong"


async def test_a_socket_without_connection_init_is_closed(
    server: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "INIT_S", 0.05)
    async with connected(server) as socket:
        assert await socket.closed() == 4408


async def test_another_protocol_is_closed(server: Stack) -> None:
    async with connected(server, protocol="graphql-ws") as socket:
        assert await socket.closed() == 4406


async def test_pages_of_other_sites_get_no_socket(server: Stack) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with connected(server, headers={"Origin": "https://evil.example"}):
            pass
    assert refused.value.status == 403


async def test_a_flood_of_operations_is_bounded(server: Stack) -> None:
    run_id = await held(server)
    async with authorized(server) as socket:
        for number in range(session.MAX_OPERATIONS + 20):
            await socket.subscribe(str(number), UPDATES, id=run_id)
        refused = 0
        while refused < 20:
            message = await socket.receive()
            if message["type"] == "error":
                assert message["payload"][0]["extensions"]["code"] == "rate_limited"
                refused += 1
        await eventually(lambda: server.services.live.subscribers == session.MAX_OPERATIONS)
    await eventually(lambda: server.services.live.subscribers == 0)
    await cancel(server, run_id)


async def test_a_socket_and_its_subscriptions_end_with_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential, "CHECK_S", 0.02)
    clock = SettableClock(now=int(time.time() * 1_000))
    authenticator = TokenAuthenticator(SharedSecrets(SECRET), clock)
    async with (
        running(tmp_path, dialects=(GRAPHQL,), authenticator=authenticator) as server,
        authorized(server, exp=int(time.time()) + 60) as socket,
        authorized(server) as other,
    ):
        await socket.subscribe("1", UPDATES, id=await held(server))
        await socket.receive()
        clock.jump_ms = 70_000
        assert await socket.closed() == 4401
        await eventually(lambda: server.services.live.subscribers == 0)
        await other.send("ping")
        assert (await other.receive())["type"] == "pong"


async def test_a_socket_ends_when_its_key_is_revoked(server: Stack) -> None:
    key = await create_key(server.stores, server.tenant)
    async with connected(server) as socket:
        await socket.begin(key.headers)
        await revoke_key(server.stores, key)
        assert await socket.closed() == 4401


async def test_a_reader_that_reads_nothing_is_cut_off(
    server: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "STALLED_S", 0.2)
    monkeypatch.setattr(session, "FINISH_S", 0.2)
    text = "x" * 4_000
    tasks = [{"name": str(number), "description": text} for number in range(100)]
    ident = (await send(server, CREATE, input={"name": "Large", "tasks": tasks}))["id"]
    run_id = await held(server)
    async with authorized(server) as socket:
        await socket.subscribe("s", UPDATES, id=run_id)
        await socket.receive()
        connection = socket.raw._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.pause_reading()
        with suppress(ConnectionError):
            for number in range(60):
                query = EXAMPLES["GetWorkflowDefinition"].query
                await socket.subscribe(str(number), query, id=ident)

        await eventually(lambda: server.services.live.subscribers == 0)
        connection.transport.resume_reading()
    await cancel(server, run_id)


async def test_a_server_that_stops_says_so(tmp_path: Path) -> None:
    async with running_stack(tmp_path) as stopping, authorized(stopping) as socket:
        stopping.services.live.close()
        assert await socket.closed() == 1001
