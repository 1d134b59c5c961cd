"""Tokens of signed-in users are refused once the user is removed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from baton.command_api.commands.access import add_user, remove_user
from baton.command_api.http.refusal import Refused
from baton.command_api.security.access_watch import FRESH_MS, AccessWatch
from baton.command_api.security.auth import TokenAuthenticator
from baton.command_api.security.claims import ExpectedClaims
from baton.command_api.security.signed_in_users import SignedInUsers
from baton.command_api.security.token_issuer import TokenIssuer
from baton.command_api.security.token_keys import SharedSecrets
from baton.domain.user.messages import AddUser
from baton.domain.user.state import State as User
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.backend import Stores
from tests.api.test_api_keys import Gate
from tests.backends import memory
from tests.kit.actors import BOB
from tests.kit.api_keys import access_of
from tests.kit.clock import NOW, ManualClock
from tests.kit.stack import SECRET


class SignIns:
    """Signs users in, and verifies their tokens on a clock and ports that the test controls."""

    def __init__(self, stores: Stores) -> None:
        gate: Any = Gate(stores)
        self.stores, self.clock, self.gate = stores, ManualClock(), gate
        self.watch = AccessWatch(gate, self.clock)
        users = SignedInUsers(gate, self.watch, self.clock)
        self._tokens = TokenAuthenticator(SharedSecrets(SECRET), self.clock, users=users)
        self._issuer = TokenIssuer(SECRET, self.clock, ExpectedClaims())

    async def add(self, user_id: str) -> str:
        """Add Ada and return her token."""
        command = AddUser(
            tenant="acme",
            user_id=user_id,
            name="ada",
            password_hash="$argon2id$",
            scopes=("orchestrator:read",),
            actor=BOB,
            at=NOW,
        )
        return self.token_of((await add_user(access_of(self.stores), command)).state)

    async def remove(self) -> None:
        await remove_user(access_of(self.stores), "ada", actor=BOB, at=NOW)

    def token_of(self, user: User) -> str:
        return self._issuer.issue(user).token

    async def accepts(self, token: str) -> bool:
        try:
            return (await self._tokens.identify(token)).subject == "ada"
        except Refused:
            return False


@pytest.fixture
async def sign_ins(tmp_path: Path) -> AsyncIterator[SignIns]:
    stores = await memory.open_stores(tmp_path)
    yield SignIns(stores)
    await stores.close()


async def test_a_token_is_refused_from_the_next_look_after_the_removal_on(
    sign_ins: SignIns,
) -> None:
    token = await sign_ins.add("first")
    await sign_ins.watch.look()
    assert await sign_ins.accepts(token)
    await sign_ins.remove()
    await sign_ins.watch.look()

    assert not await sign_ins.accepts(token)


async def test_another_user_of_the_same_name_revives_no_token(sign_ins: SignIns) -> None:
    old = await sign_ins.add("first")
    await sign_ins.remove()
    new = await sign_ins.add("second")

    assert not await sign_ins.accepts(old)
    assert await sign_ins.accepts(new)


async def test_requests_read_the_user_once_while_looks_succeed(sign_ins: SignIns) -> None:
    token = await sign_ins.add("first")
    await sign_ins.watch.look()
    for _ in range(20):
        assert await sign_ins.accepts(token)

    assert sign_ins.gate.reads == 1


async def test_while_the_store_is_away_no_token_is_trusted_for_long(sign_ins: SignIns) -> None:
    token = await sign_ins.add("first")
    assert await sign_ins.accepts(token)
    sign_ins.gate.available = False
    await sign_ins.clock.advance(FRESH_MS)

    with pytest.raises(Unavailable):
        await sign_ins.accepts(token)


async def test_a_token_that_names_no_user_of_the_server_is_refused(sign_ins: SignIns) -> None:
    stranger = User(tenant="acme", user_id="nobody", name="ada", scopes=("orchestrator:read",))

    assert not await sign_ins.accepts(sign_ins.token_of(stranger))
