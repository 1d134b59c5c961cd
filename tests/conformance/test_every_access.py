"""API keys and users in every store: created, listed even if the views are late, and ended."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from baton.command_api.commands.access import ACCESS, add_user, remove_user, user_claim_stream
from baton.domain.claim.decisions import DECIDER as CLAIM
from baton.domain.errors import InConflict, NotFound
from baton.domain.user.messages import AddUser
from baton.eventlog.loops.load import load
from baton.eventlog.ports.backend import Stores
from baton.projector.latest import latest_documents
from baton.projector.views import every_view
from baton.projector.views.api_keys import VIEW as API_KEYS
from baton.projector.views.users import VIEW as USERS
from tests.kit.actors import ANN, BOB
from tests.kit.api_keys import access_of, create_key, revoke_key
from tests.projector.projection import fold_into


async def add(stores: Stores, name: str, tenant: str = "acme") -> None:
    command = AddUser(
        tenant=tenant,
        user_id=f"id-of-{name}-in-{tenant}",
        name=name,
        password_hash="$argon2id$…",
        scopes=("orchestrator:read",),
        actor=ANN,
        at=10,
    )
    await add_user(access_of(stores), command)


async def project(stores: Stores) -> None:
    """Let the stored views fold every event."""
    await stores.views.prepare([view.table for view in every_view()])
    await fold_into(stores.views, [await stores.events.read_all(after=0, limit=1_000)])


async def key_ids(stores: Stores) -> Sequence[tuple[str, bool]]:
    """Return the id of each key, and whether it is revoked, oldest first."""
    found = await latest_documents(stores.events, stores.views, API_KEYS)
    ordered = sorted(found, key=lambda key: (key.created_at, key.id))
    return [(key.id, key.revoked_at is not None) for key in ordered]


async def test_keys_are_listed_before_and_after_the_views_hold_them(stores: Stores) -> None:
    first, second = [await create_key(stores, at=at) for at in (1, 2)]
    await revoke_key(stores, first)
    expected = [(first.id, True), (second.id, False)]
    assert await key_ids(stores) == expected
    await project(stores)
    assert await key_ids(stores) == expected
    third = await create_key(stores, "globex", at=3)
    await revoke_key(stores, second)

    assert await key_ids(stores) == [(first.id, True), (second.id, True), (third.id, False)]


async def test_every_change_is_announced_by_its_position(stores: Stores) -> None:
    announced = partial(stores.checkpoints.load, ACCESS)
    positions = [await announced()]
    key = await create_key(stores)
    positions.append(await announced())
    await revoke_key(stores, key)
    positions.append(await announced())
    await add(stores, "eve")
    positions.append(await announced())
    await remove_user(access_of(stores), "eve", actor=BOB, at=20)
    positions.append(await announced())

    assert positions == sorted(set(positions))


async def test_a_name_belongs_to_one_user_of_the_server(stores: Stores) -> None:
    adding = [add(stores, "eve", tenant) for tenant in ("acme", "globex", "initech")]
    outcomes = await asyncio.gather(*adding, return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, InConflict)]
    await add(stores, "eve@example.com/ops")

    assert [one.reason for one in refused] == ["name_taken"] * 2
    assert outcomes.count(None) == 1
    users = await latest_documents(stores.events, stores.views, USERS)
    assert sorted(user.name for user in users) == ["eve", "eve@example.com/ops"]


async def test_a_removed_user_is_gone_and_the_name_is_free(stores: Stores) -> None:
    access = access_of(stores)
    await add(stores, "eve")
    await project(stores)
    await remove_user(access, "eve", actor=BOB, at=20)
    with pytest.raises(NotFound):
        await remove_user(access, "eve", actor=BOB, at=21)
    assert await latest_documents(stores.events, stores.views, USERS) == []
    assert (await load(stores.events, CLAIM, user_claim_stream("eve"))).state.holder is None
    await add(stores, "eve", "globex")

    (user,) = await latest_documents(stores.events, stores.views, USERS)
    assert (user.name, user.tenant, user.created_by) == ("eve", "globex", ANN.subject)
