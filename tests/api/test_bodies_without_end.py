"""Endless bodies are cut off: by a deadline, a lowest speed, and a budget of bytes in flight."""

import asyncio
from pathlib import Path

import pytest

from baton.command_api.admission import body as body_reader
from baton.command_api.budgets import Budgets, Limits
from tests.api.raw_http import ACME, connected, head, post
from tests.api.running import running
from tests.kit.eventually import eventually
from tests.kit.stack import RunningServer

ECHO = f"{ACME}/echo"


async def test_a_body_that_does_not_arrive_in_time_is_408(tmp_path: Path) -> None:
    budgets = Budgets(Limits(body_s=0.2))
    async with running(tmp_path, budgets=budgets) as server, connected(server) as connection:
        await connection.send(post(ECHO, 1_000) + b"{")
        answer = await connection.response()

        assert (answer.status, answer.body["tiny_error"]) == (408, "request_timeout")
        assert await connection.is_closed()


async def test_a_body_slower_than_the_lowest_speed_is_408(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_reader, "GRACE_S", 0.3)
    async with running(tmp_path) as server, connected(server) as connection:
        await connection.send(post(ECHO, 100_000) + b"{")

        async def drip() -> None:
            while True:
                await connection.send(b" ")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        answer = await connection.response()
        dripping.cancel()

        assert answer.status == 408


async def test_a_head_that_does_not_arrive_in_time_is_408_in_an_envelope(tmp_path: Path) -> None:
    budgets = Budgets(Limits(head_s=0.5))
    async with running(tmp_path, budgets=budgets) as server:
        async with connected(server) as late, connected(server) as silent:
            await late.send(f"POST {ECHO} HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".encode())

            answer = await late.response()
            assert (answer.status, answer.body["tiny_error"]) == (408, "request_timeout")
            assert answer.headers["connection"] == "close"
            assert await late.is_closed()
            assert await silent.is_closed()
        assert (await server.get("/healthz")).status == 200


async def test_a_route_without_a_body_reads_none(server: RunningServer) -> None:
    for path in ("/healthz", f"{ACME}/definitions"):
        async with connected(server) as connection:
            await connection.send(head("GET", path, "Content-Length: 100000") + b"x")
            answer = await connection.response()

            assert (answer.status, answer.headers["connection"]) == (200, "close")
            assert await connection.is_closed()


@pytest.mark.parametrize("path", [f"{ACME}/hooks/none", f"{ACME}/nothing"])
async def test_an_unknown_path_is_refused_before_its_body_is_read(
    server: RunningServer, path: str
) -> None:
    async with connected(server) as connection:
        await connection.send(post(path, 100_000, token=False) + b"{")

        assert (await connection.response()).status == 404


async def test_a_request_without_a_token_is_refused_before_its_body_is_read(
    server: RunningServer,
) -> None:
    async with connected(server) as connection:
        await connection.send(post(ECHO, 10, "Expect: 100-continue", token=False))

        assert (await connection.response()).status == 401


async def test_the_bytes_of_a_peer_in_flight_are_capped_and_given_back(tmp_path: Path) -> None:
    budgets = Budgets(Limits(peer_bytes=150_000))
    async with running(tmp_path, budgets=budgets) as server:
        async with connected(server) as first, connected(server) as second:
            await first.send(post(ECHO, 200_000) + b" " * 100_000)
            await second.send(post(ECHO, 200_000) + b" " * 100_000)
            done, _ = await asyncio.wait(
                [asyncio.create_task(one.response()) for one in (first, second)],
                return_when=asyncio.FIRST_COMPLETED,
            )
            (refused,) = done
            answer = refused.result()

            assert (answer.status, answer.headers["retry-after"]) == (429, "1")
            assert answer.body["tiny_error"] == "rate_limited"

        async def again() -> bool:
            body = b'{"a": "' + b"x" * 140_000 + b'"}'
            sent = {"Content-Type": "application/json"}
            return (await server.call("POST", ECHO, data=body, headers=sent)).status == 200

        await eventually(again)


async def test_connections_of_a_peer_past_the_limit_are_for_valid_tokens(tmp_path: Path) -> None:
    budgets = Budgets(Limits(peer_connections=3))
    async with running(tmp_path, budgets=budgets) as server:
        crowd = [connected(server) for _ in range(3)]
        for one in crowd:
            await (await one.__aenter__()).send(b"POST ")
        async with connected(server) as stranger:
            await stranger.send(head("GET", "/healthz", token=False))
            answer = await stranger.response()
            assert (answer.status, answer.headers["retry-after"]) == (429, "1")
        async with connected(server) as user:
            await user.send(head("GET", f"{ACME}/definitions"))
            assert (await user.response()).status == 200
            await user.send(head("GET", f"{ACME}/definitions"))
            assert (await user.response()).status == 200
        for one in crowd:
            await one.__aexit__(None, None, None)

        async def is_free() -> bool:
            return (await server.get("/healthz")).status == 200

        await eventually(is_free)


async def test_far_past_the_limit_the_oldest_connection_without_a_valid_token_ends(
    tmp_path: Path,
) -> None:
    budgets = Budgets(Limits(peer_connections=1))
    async with running(tmp_path, budgets=budgets) as server, connected(server) as user:
        await user.send(head("GET", f"{ACME}/definitions"))
        assert (await user.response()).status == 200

        async with connected(server) as old, connected(server) as new:
            answer = await old.response()
            assert (answer.status, answer.body["error"]) == (429, "rate_limited")
            assert await old.is_closed()
            for one in (user, new):
                await one.send(head("GET", f"{ACME}/definitions"))
                assert (await one.response()).status == 200


async def test_a_limit_of_0_means_no_limit(tmp_path: Path) -> None:
    limits = Limits(head_s=0, body_s=0, body_bytes_per_s=0, peer_connections=0, peer_bytes=0)
    async with running(tmp_path, budgets=Budgets(limits)) as server:
        body = b'{"a": "' + b"x" * 140_000 + b'"}'
        sent = {"Content-Type": "application/json"}
        answer = await server.call("POST", ECHO, data=body, headers=sent)

        assert answer.status == 200
