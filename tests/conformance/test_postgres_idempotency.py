"""Idempotency keys while PostgreSQL can't be reached."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.backends.postgres import BACKEND
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.ports.keys import StoredResponse
from tests.servers.postgres import database_for
from tests.servers.proxy import Proxy

ANSWER = StoredResponse(status=201, headers=(("etag", "1"),), body=b"{}")


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Proxy]:
    async with Proxy(await database_for(tmp_path)) as proxy:
        yield proxy


@pytest.fixture
async def stores(proxy: Proxy) -> AsyncIterator[Stores]:
    stores = await BACKEND.open(StoreLocation(secrets_keys=(bytes(32),), url=proxy.url))
    yield stores
    proxy.heal()
    await stores.close()


async def test_a_failed_release_is_repeated_later(stores: Stores, proxy: Proxy) -> None:
    first = await stores.keys.claim("acme", "k", fingerprint="f", at=1)
    proxy.refusing = True
    proxy.break_connections()
    with pytest.raises(Unavailable):
        await stores.keys.release("acme", "k")
    with pytest.raises(Unavailable):
        await stores.keys.claim("acme", "k", fingerprint="f", at=2)
    proxy.heal()

    assert first.outcome == "claimed"
    assert (await stores.keys.claim("acme", "k", fingerprint="f", at=3)).outcome == "claimed"


async def test_a_failed_completion_is_repeated_later(stores: Stores, proxy: Proxy) -> None:
    await stores.keys.claim("acme", "k", fingerprint="f", at=1)
    proxy.refusing = True
    proxy.break_connections()
    with pytest.raises(Unavailable):
        await stores.keys.complete("acme", "k", response=ANSWER)
    proxy.heal()

    found = await stores.keys.claim("acme", "k", fingerprint="f", at=2)
    assert (found.outcome, found.response) == ("answered", ANSWER)
