"""API keys as bearer credentials, and for how long a server may cache a verified key."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from baton.command_api.budgets import Budgets, Limits
from baton.command_api.budgets.limits import Rate
from baton.command_api.http.refusal import Refused
from baton.command_api.security.access_watch import FRESH_MS, KEEP_MS, LOOK_MS, AccessWatch
from baton.command_api.security.api_keys import SAVE_USES_MS, ApiKeyAuthenticator
from baton.command_api.security.identity_cache import MAX_CACHED, IdentityCache
from baton.domain.actor import Actor
from baton.domain.run.messages.run_events import RunRequested
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.backend import Stores
from baton.protocols.api_key_text import make_key
from tests.api.running import running
from tests.backends import memory
from tests.kit.api_keys import Key, create_key, revoke_key
from tests.kit.clock import NOW, ManualClock, SettableClock
from tests.kit.stack import RunningServer, bearer, in_background

ECHO = "/tiny/acme/v1/definitions"
OTHER_ID = "d" * 20
SECRET = bytes(range(32))


class Gate:
    """Ports that count what they are asked, and fail or wait when a test says so."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self.reads = self.looks = 0
        self.available = True
        self.asked, self.open = asyncio.Event(), asyncio.Event()
        self.open.set()

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        self.reads += 1
        self.asked.set()
        self._check()
        found = await self._stores.events.read(stream, after=after)
        await self.open.wait()
        return found

    async def load(self, name: str) -> int:
        self.looks += 1
        self._check()
        return await self._stores.checkpoints.load(name)

    def _check(self) -> None:
        if not self.available:
            raise Unavailable("the store is away")


class Verifying:
    """An authenticator on a clock and on ports that the test controls."""

    def __init__(self, stores: Stores, clock: ManualClock) -> None:
        gate: Any = Gate(stores)
        self.stores, self.clock, self.gate = stores, clock, gate
        self.watch = AccessWatch(gate, clock)
        self.authenticator = ApiKeyAuthenticator(gate, self.watch, stores.api_key_uses, clock)

    async def accepts(self, key: Key) -> bool:
        try:
            identity = await self.authenticator.identify(key.text)
        except Refused:
            return False
        return identity.key_id == key.id


@pytest.fixture
async def verifying(tmp_path: Path) -> Verifying:
    return Verifying(await memory.open_stores(tmp_path), SettableClock())


async def asked(server: RunningServer, headers: Any, path: str = ECHO) -> int:
    return (await server.get(path, anonymous=True, headers=headers)).status


async def test_a_key_acts_in_its_tenant_and_its_runs_name_it(server: RunningServer) -> None:
    key = await create_key(server.stores, name="nightly import")
    made = await server.post(ECHO, {"slug": "orders"}, anonymous=True, headers=key.headers)
    path = f"{ECHO}/{made.body['id']}/runs"
    started = await server.post(path, {}, anonymous=True, headers=key.headers)

    runs = [event for event in await server.stored() if isinstance(event, RunRequested)]
    assert (made.status, started.status) == (201, 201)
    assert [run.actor for run in runs] == [Actor("nightly import", "key", key.id)]


async def test_a_key_has_its_scopes_and_its_tenant_and_no_other(server: RunningServer) -> None:
    reads = await create_key(server.stores, scopes=("orchestrator:read",))
    stranger = await create_key(server.stores, "globex")
    refused = await server.post(ECHO, {"slug": "x"}, anonymous=True, headers=reads.headers)

    assert await asked(server, reads.headers) == 200
    assert (refused.status, refused.body["tiny_error"]) == (403, "forbidden")
    assert await asked(server, stranger.headers) == 403


async def test_every_invalid_key_gets_the_401_of_tokens(server: RunningServer) -> None:
    good = await create_key(server.stores)
    revoked = await create_key(server.stores)
    await revoke_key(server.stores, revoked)
    past = NOW - 1_000
    expired = await create_key(server.stores, at=past, expires_at=past + 1)
    texts = {
        "revoked": revoked.text,
        "expired": expired.text,
        "wrong secret": make_key("acme", good.id, SECRET),
        "of no stored key": make_key("acme", OTHER_ID, SECRET),
        "of another tenant": make_key("globex", good.id, SECRET),
        "renamed": good.text.replace("acme", "globex"),
        "wrong checksum": good.text[:-1] + ("0" if good.text[-1] != "0" else "1"),
        "cut": good.text[:-1],
        "longer": good.text + "0",
        "the prefix": "baton_",
        "in capitals": good.text.upper(),
        "hash": f"baton_{'ab' * 32}",
        "huge": "baton_" + "x" * 7_000,
        "not ascii": "baton_é",
    }
    for name, text in texts.items():
        answer = await server.get(ECHO, anonymous=True, headers={"Authorization": f"Bearer {text}"})
        assert (name, answer.status) == (name, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.body == {
            "tiny_error": "unauthorized",
            "message": "A valid bearer token is required",
        }
    assert await asked(server, good.headers) == 200


async def test_a_key_counts_only_as_the_bearer_credential(server: RunningServer) -> None:
    key = await create_key(server.stores)
    wrong = [
        {"Authorization": key.text},
        {"Authorization": f"Basic {key.text}"},
        {"Authorization": f"Token {key.text}"},
        {"Authorization": f"ApiKey {key.text}"},
        {"X-API-Key": key.text},
        {"Cookie": f"key={key.text}"},
    ]
    for headers in wrong:
        assert await asked(server, headers) == 401, headers
    for query in ("api_key", "token", "access_token", "key"):
        assert await asked(server, {}, f"{ECHO}?{query}={key.text}") == 401
    assert await asked(server, {"Authorization": f"bearer {key.text}"}) == 200


async def test_failed_keys_past_the_budget_are_429_and_valid_keys_still_work(
    tmp_path: Path,
) -> None:
    budgets = Budgets(Limits(failed_authentications=Rate(burst=3, per_s=0.01)))
    async with running(tmp_path, budgets=budgets) as server:
        key = await create_key(server.stores)
        wrong = {"Authorization": f"Bearer {make_key('acme', key.id, SECRET)}"}

        assert [await asked(server, wrong) for _ in range(5)] == [401] * 3 + [429] * 2
        assert await asked(server, key.headers) == 200
        assert await asked(server, bearer()) == 200


async def test_no_key_reaches_the_log(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = await create_key(server.stores, scopes=("orchestrator:read",))
    broken = Key("acme", key.id, key.text[:-1] + "é")
    await server.post(ECHO, {"slug": "x"}, anonymous=True, headers=key.headers)
    await asked(server, broken.headers)
    await revoke_key(server.stores, key)
    await asked(server, key.headers)

    secret = key.text.rpartition("_")[2][:20]
    assert caplog.records
    assert secret not in caplog.text
    assert not [record for record in caplog.records if secret in str(record.__dict__)]


async def test_requests_with_a_verified_key_read_nothing(verifying: Verifying) -> None:
    key = await create_key(verifying.stores)
    await verifying.watch.look()
    for _ in range(50):
        assert await verifying.accepts(key)

    assert verifying.gate.reads == 1
    assert verifying.gate.looks == 1


async def test_a_key_in_use_is_read_again_once_in_a_minute(verifying: Verifying) -> None:
    key = await create_key(verifying.stores)
    async with in_background(verifying.watch.run()):
        await verifying.clock.advance(LOOK_MS)
        for _ in range(2 * KEEP_MS // LOOK_MS):
            assert await verifying.accepts(key)
            await verifying.clock.advance(LOOK_MS)

    assert verifying.gate.reads == 2


async def test_a_revoked_key_is_refused_after_the_next_read_of_announcements(
    verifying: Verifying,
) -> None:
    key, other = await create_key(verifying.stores), await create_key(verifying.stores)
    await verifying.watch.look()
    assert await verifying.accepts(key)
    assert await verifying.accepts(other)
    await revoke_key(verifying.stores, key)
    await verifying.watch.look()

    assert not await verifying.accepts(key)
    assert await verifying.accepts(other)


async def test_without_reads_a_revoked_key_is_refused_once_the_last_read_is_old(
    verifying: Verifying,
) -> None:
    key = await create_key(verifying.stores)
    await verifying.watch.look()
    assert await verifying.accepts(key)
    await revoke_key(verifying.stores, key)
    await verifying.clock.advance(FRESH_MS)

    assert not await verifying.accepts(key)


async def test_while_reads_of_announcements_fail_each_request_reads_its_key(
    verifying: Verifying,
) -> None:
    key = await create_key(verifying.stores)
    async with in_background(verifying.watch.run()):
        await verifying.clock.advance(LOOK_MS)
        assert await verifying.accepts(key)
        verifying.gate.available = False
        await verifying.clock.advance(FRESH_MS)
        with pytest.raises(Unavailable):
            await verifying.accepts(key)
        verifying.gate.available = True
        assert await verifying.accepts(key)
        await revoke_key(verifying.stores, key)
        await verifying.clock.advance(LOOK_MS)
        assert not await verifying.accepts(key)


async def test_a_key_read_before_its_revocation_is_not_kept_after_it(verifying: Verifying) -> None:
    key = await create_key(verifying.stores)
    await verifying.watch.look()
    verifying.gate.open.clear()
    reading = asyncio.create_task(verifying.accepts(key))
    await verifying.gate.asked.wait()
    await revoke_key(verifying.stores, key)
    await verifying.watch.look()
    verifying.gate.open.set()

    assert await reading  # it began before the revocation
    assert not await verifying.accepts(key)


async def test_a_repeated_revocation_is_announced_again(verifying: Verifying) -> None:
    """The first call may have been cut off between the event and the announcement."""
    key = await create_key(verifying.stores)
    await verifying.watch.look()
    lost: Any = _LostAnnouncements()
    cut_off = replace(verifying.stores, checkpoints=lost)
    await revoke_key(cut_off, key)
    await verifying.watch.look()
    before = verifying.gate.looks
    await revoke_key(verifying.stores, key)
    await verifying.watch.look()

    assert verifying.gate.looks == before + 1
    assert not await verifying.accepts(key)


class _LostAnnouncements:
    async def save(self, name: str, position: int) -> None:
        """Lose it."""


async def test_an_expired_key_is_refused_from_the_cache_too(verifying: Verifying) -> None:
    key = await create_key(verifying.stores, at=NOW, expires_at=NOW + 100)
    await verifying.watch.look()
    assert await verifying.accepts(key)
    await verifying.clock.advance(99)
    assert await verifying.accepts(key)
    await verifying.clock.advance(1)

    assert not await verifying.accepts(key)


async def test_a_clock_that_is_set_back_makes_no_key_valid_for_longer(
    verifying: Verifying,
) -> None:
    key = await create_key(verifying.stores)
    assert isinstance(verifying.clock, SettableClock)
    await verifying.watch.look()
    assert await verifying.accepts(key)
    await revoke_key(verifying.stores, key)
    verifying.clock.jump_ms = -3_600_000

    assert not await verifying.accepts(key)


async def test_last_uses_are_written_once_a_minute(verifying: Verifying) -> None:
    used, idle = await create_key(verifying.stores), await create_key(verifying.stores)
    async with in_background(verifying.authenticator.run()):
        await verifying.clock.advance(1_000)
        assert await verifying.accepts(used)
        await verifying.clock.advance(SAVE_USES_MS - 2_000)
        assert await verifying.stores.api_key_uses.last() == {}
        await verifying.clock.advance(2_000)

    assert await verifying.stores.api_key_uses.last() == {used.id: NOW + 1_000}
    assert idle.id not in await verifying.stores.api_key_uses.last()


async def test_uses_that_could_not_be_written_are_kept(verifying: Verifying) -> None:
    key = await create_key(verifying.stores)
    uses: Any = _Uses()
    gate = verifying.gate
    authenticator = ApiKeyAuthenticator(gate, verifying.watch, uses, verifying.clock)
    await authenticator.identify(key.text)
    with pytest.raises(Unavailable):
        await authenticator.save_uses()
    uses.available = True
    await authenticator.save_uses()
    await authenticator.save_uses()

    assert uses.recorded == [{key.id: NOW}, {}]


class _Uses:
    def __init__(self) -> None:
        self.available = False
        self.recorded: list[dict[str, int]] = []

    async def record(self, used_at: dict[str, int]) -> None:
        if not self.available:
            raise Unavailable("the store is away")
        self.recorded.append(used_at)


def test_a_full_cache_drops_its_oldest_entries() -> None:
    cache = IdentityCache[int]()
    for number in range(MAX_CACHED + 1):
        cache.put(number.to_bytes(4, "big"), number)

    assert len(cache) <= MAX_CACHED
    assert cache.get((0).to_bytes(4, "big")) is None
    assert cache.get(MAX_CACHED.to_bytes(4, "big")) == MAX_CACHED
