"""Login with a password: one answer for every wrong pair, within budgets, no secret in a log."""

import logging
import time
from typing import Any

import pytest

from baton.command_api.commands.access import AccessStores, remove_user
from tests.dialects.workflow_orchestration import LOGIN, add_login
from tests.kit.actors import BOB
from tests.kit.eventually import eventually
from tests.kit.stack import Response
from tests.scenarios.stack import Stack


async def login(stack: Stack, **changed: Any) -> Response:
    return await stack.post("/api/auth/login", {**LOGIN, **changed}, anonymous=True)


async def test_an_unknown_name_and_a_wrong_password_have_the_same_answer(
    idle: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await add_login(idle)
    wrong = await login(idle, password="wrong horse")
    unknown = await login(idle, username="nobody")

    assert (wrong.status, wrong.body["code"]) == (401, "unauthorized")
    assert wrong.raw == unknown.raw
    assert wrong.headers["WWW-Authenticate"] == "Bearer"
    assert (await login(idle)).status == 200
    assert "horse" not in caplog.text


async def test_an_unknown_name_takes_as_long_as_a_wrong_password(idle: Stack) -> None:
    await add_login(idle)
    await login(idle, username="nobody")  # makes the hash that stands for no user

    async def seconds(**changed: str) -> float:
        begin = time.perf_counter()
        assert (await login(idle, **changed)).status == 401
        return time.perf_counter() - begin

    pairs = [
        (await seconds(password="wrong horse"), await seconds(username="nobody")) for _ in range(4)
    ]
    known, unknown = [min(one) for one in zip(*pairs, strict=True)]
    assert 0.5 < known / unknown < 2


async def test_a_removed_user_cannot_log_in(idle: Stack) -> None:
    await add_login(idle)
    stores = AccessStores(idle.stores.events, idle.stores.checkpoints)
    await remove_user(stores, LOGIN["username"], actor=BOB, at=1)

    assert (await login(idle)).status == 401


async def test_the_token_of_a_removed_user_is_refused_within_a_second(idle: Stack) -> None:
    await add_login(idle)
    headers = {"Authorization": f"Bearer {(await login(idle)).body['token']}"}

    async def status() -> int:
        return (await idle.get("/api/workflows", anonymous=True, headers=headers)).status

    assert await status() == 200
    stores = AccessStores(idle.stores.events, idle.stores.checkpoints)
    await remove_user(stores, LOGIN["username"], actor=BOB, at=1)

    async def is_refused() -> bool:
        return await status() == 401

    await eventually(is_refused, within_s=1)


async def test_logins_past_the_budget_of_a_peer_are_429(idle: Stack) -> None:
    found = [await login(idle, username=f"n{number}", password="x") for number in range(11)]

    assert [one.status for one in found] == [401] * 10 + [429]
    assert found[-1].body["code"] == "rate_limited"
    assert 1 <= int(found[-1].headers["Retry-After"]) <= 10


async def test_logins_past_the_budget_of_a_name_are_429(idle: Stack) -> None:
    budget = idle.services.budgets.logins_of_name
    for _ in range(10):
        assert budget.take(LOGIN["username"]) == 0

    assert (await login(idle)).status == 429
    assert (await login(idle, username="another", password="x")).status == 401


@pytest.mark.parametrize("sent", [{}, {"username": "a"}, {"username": 1, "password": "x"}])
async def test_a_body_without_name_or_password_is_refused(idle: Stack, sent: Any) -> None:
    answer = await idle.post("/api/auth/login", sent, anonymous=True)

    assert (answer.status, answer.body["code"]) == (400, "validation_error")


@pytest.mark.parametrize("name", ["", "a/b", "a\u202eb", "x" * 5_000, "../claim"])
async def test_a_name_that_no_user_can_have_is_unknown(idle: Stack, name: str) -> None:
    assert (await login(idle, username=name)).status == 401
