"""One-time codes that open a session: their expiry, and the data that the store keeps of them."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from baton.backends.memory.idempotency import MemoryIdempotencyKeys
from baton.command_api.sessions.codes import LIFETIME_MS, make_code, redeem_code
from baton.role import RoleName
from baton.settings import Settings
from tests.kit.stack import SECRET, RunningServer, bearer, running_roles
from tests.servers.postgres import database_for
from tests.sessions.session_client import SessionClient

AT = 1_000


async def test_a_code_is_good_once_and_for_ten_minutes() -> None:
    keys = MemoryIdempotencyKeys()
    once, late = [await make_code(keys, credential, at=AT) for credential in ("first", "second")]

    assert [await redeem_code(keys, once.code, at=AT) for _ in range(2)] == ["first", None]
    assert (late.expires_at, len(late.code)) == (AT + LIFETIME_MS, 22)
    assert await redeem_code(keys, late.code, at=late.expires_at) is None
    assert await redeem_code(keys, late.code, at=late.expires_at - 1) == "second"


async def test_the_store_holds_neither_a_code_nor_its_credential() -> None:
    keys = MemoryIdempotencyKeys()
    made = await make_code(keys, "credential", at=AT)

    kept = repr(vars(keys))
    assert "ui code" in kept
    for secret in (made.code, "credential"):
        assert secret not in kept + repr(made)


@pytest.mark.parametrize("code", ["", "x", "é", "\udc80", "A" * 22, "x" * 8_000])
async def test_text_that_is_not_a_code_opens_nothing_and_stores_nothing(code: str) -> None:
    keys = MemoryIdempotencyKeys()

    assert [await redeem_code(keys, code, at=AT) for _ in range(2)] == [None, None]
    assert vars(keys) == vars(MemoryIdempotencyKeys())


async def test_a_code_of_one_server_opens_one_session_at_all_servers_of_a_store(
    tmp_path: Path,
) -> None:
    settings = Settings(
        data=tmp_path,
        store=await database_for(tmp_path),
        jwt_secret=SecretStr(SECRET),
        seal_key=SecretStr("5ea1" * 16),
        notary=False,
    )
    async with (
        running_roles(
            settings, RunningServer, roles=frozenset[RoleName](("api", "projector"))
        ) as one,
        running_roles(settings, RunningServer, roles=frozenset[RoleName](("api",))) as other,
    ):
        made = [await one.post("/ui/session/codes", headers=bearer()) for _ in range(2)]
        code, contested = (str(answer.body["code"]) for answer in made)
        client = SessionClient(other)

        first = await client.sign_in(code=code)
        again = [await SessionClient(server).sign_in(code=code) for server in (one, other)]
        rivals = await asyncio.gather(
            *(SessionClient(server).sign_in(code=contested) for server in (one, other) * 4)
        )

        assert (first.status, [answer.status for answer in again]) == (201, [401, 401])
        assert sorted(answer.status for answer in rivals) == [201] + 7 * [401]
        assert (await client.get("/runs")).status == 200
