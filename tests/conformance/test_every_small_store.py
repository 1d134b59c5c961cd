"""Every checkpoint, idempotency key, lease, secret and dead letter store."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from baton.eventlog.dead_letters.dead_lettering import dead_letter
from baton.eventlog.idempotency import ABANDONED_MS, RETENTION_MS
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.dead_letters import DeadLetter
from baton.eventlog.ports.keys import KeyClaim, StoredResponse
from baton.eventlog.ports.leases import Lease
from baton.eventlog.ports.topics import Message, ReceivedMessage
from tests.conformance.deployments import OpenedStores

ANSWER = StoredResponse(
    status=201, headers=(("Location", "/x"), ("Location", "/y")), body=b'{"id":"\xff"}'
)


async def test_a_checkpoint_only_moves_forward(stores: Stores) -> None:
    assert await stores.checkpoints.load("scheduler") == 0
    await stores.checkpoints.save("scheduler", 5)
    await stores.checkpoints.save("scheduler", 3)
    await stores.checkpoints.save("executor", 2)

    assert await stores.checkpoints.load("scheduler") == 5
    assert await stores.checkpoints.load("executor") == 2
    await stores.checkpoints.save("scheduler", 8)
    assert await stores.checkpoints.load("scheduler") == 8


async def test_a_checkpoint_survives_a_restart(durable: OpenedStores) -> None:
    await durable.stores.checkpoints.save("scheduler", 5)

    assert await (await durable.reopen()).checkpoints.load("scheduler") == 5


async def test_the_first_claim_of_a_key_wins(stores: Stores) -> None:
    claims = await asyncio.gather(
        *(stores.keys.claim("acme", "k", fingerprint="POST /runs", at=1) for _ in range(20))
    )

    assert claims.count(KeyClaim("claimed")) == 1
    assert claims.count(KeyClaim("busy")) == 19


async def test_a_completed_key_returns_its_answer(stores: Stores) -> None:
    await stores.keys.claim("acme", "k", fingerprint="f", at=1)
    await stores.keys.complete("acme", "k", response=ANSWER)

    assert await stores.keys.claim("acme", "k", fingerprint="f", at=2) == KeyClaim(
        "answered", ANSWER
    )


async def test_a_key_with_another_request_is_a_mismatch(stores: Stores) -> None:
    await stores.keys.claim("acme", "k", fingerprint="f", at=1)
    assert await stores.keys.claim("acme", "k", fingerprint="g", at=2) == KeyClaim("mismatch")
    await stores.keys.complete("acme", "k", response=ANSWER)

    assert await stores.keys.claim("acme", "k", fingerprint="g", at=2) == KeyClaim("mismatch")


async def test_tenants_have_separate_keys(stores: Stores) -> None:
    await stores.keys.claim("acme", "k", fingerprint="f", at=1)
    await stores.keys.complete("acme", "k", response=ANSWER)

    assert await stores.keys.claim("other", "k", fingerprint="f", at=2) == KeyClaim("claimed")


async def test_a_released_key_is_free_and_a_completed_one_is_kept(stores: Stores) -> None:
    await stores.keys.claim("acme", "k", fingerprint="f", at=1)
    await stores.keys.release("acme", "k")
    assert await stores.keys.claim("acme", "k", fingerprint="g", at=1) == KeyClaim("claimed")
    await stores.keys.complete("acme", "k", response=ANSWER)
    await stores.keys.release("acme", "k")

    assert await stores.keys.claim("acme", "k", fingerprint="g", at=1) == KeyClaim(
        "answered", ANSWER
    )


async def test_an_answer_is_kept_for_a_day(stores: Stores) -> None:
    await stores.keys.claim("acme", "k", fingerprint="f", at=1)
    await stores.keys.complete("acme", "k", response=ANSWER)
    within = await stores.keys.claim("acme", "k", fingerprint="f", at=RETENTION_MS)
    after = await stores.keys.claim("acme", "k", fingerprint="g", at=RETENTION_MS + 1)

    assert within == KeyClaim("answered", ANSWER)
    assert after == KeyClaim("claimed")


async def test_an_abandoned_claim_can_be_claimed_again(stores: Stores) -> None:
    await stores.keys.claim("acme", "k", fingerprint="f", at=1)
    early = await stores.keys.claim("acme", "k", fingerprint="f", at=ABANDONED_MS)
    late = await stores.keys.claim("acme", "k", fingerprint="f", at=ABANDONED_MS + 1)
    again = await stores.keys.claim("acme", "k", fingerprint="f", at=ABANDONED_MS + 2)

    assert [early, late, again] == [KeyClaim("busy"), KeyClaim("claimed"), KeyClaim("busy")]


async def test_answers_survive_a_restart(durable: OpenedStores) -> None:
    await durable.stores.keys.claim("acme", "k", fingerprint="f", at=1)
    await durable.stores.keys.complete("acme", "k", response=ANSWER)
    stores = await durable.reopen()

    assert await stores.keys.claim("acme", "k", fingerprint="f", at=2) == KeyClaim(
        "answered", ANSWER
    )


async def test_a_lease_has_one_holder(stores: Stores) -> None:
    found = await asyncio.gather(
        *(stores.leases.acquire("scheduler", holder=f"p{n}", ttl_ms=1_000, at=5) for n in range(10))
    )

    assert [lease is None for lease in found].count(False) == 1


async def test_a_holder_renews_its_lease_in_the_same_epoch(stores: Stores) -> None:
    first = await stores.leases.acquire("scheduler", holder="a", ttl_ms=1_000, at=0)
    renewed = await stores.leases.acquire("scheduler", holder="a", ttl_ms=1_000, at=500)

    lease = Lease(name="scheduler", holder="a", epoch=1, expires_at=1_000)
    assert first == lease
    assert renewed == replace(lease, expires_at=1_500)
    assert await stores.leases.acquire("scheduler", holder="b", ttl_ms=1_000, at=1_499) is None


async def test_an_expired_lease_can_be_taken_over_in_a_later_epoch(stores: Stores) -> None:
    await stores.leases.acquire("scheduler", holder="a", ttl_ms=1_000, at=0)
    taken = await stores.leases.acquire("scheduler", holder="b", ttl_ms=1_000, at=1_000)

    assert taken == Lease(name="scheduler", holder="b", epoch=2, expires_at=2_000)
    assert await stores.leases.acquire("scheduler", holder="a", ttl_ms=1_000, at=1_001) is None


async def test_the_leases_that_have_not_expired_are_listed(stores: Stores) -> None:
    late = await stores.leases.acquire("scheduler", holder="a", ttl_ms=60_000, at=0)
    await stores.leases.acquire("projector", holder="b", ttl_ms=1_000, at=0)
    ended = await stores.leases.acquire("relay", holder="c", ttl_ms=60_000, at=0)
    assert late is not None
    assert ended is not None
    await stores.leases.release(ended)

    assert [one.name for one in await stores.leases.held(at=999)] == ["projector", "scheduler"]
    (left,) = await stores.leases.held(at=1_000)
    assert (left.holder, left.epoch) == ("a", late.epoch)


async def test_a_released_lease_is_free_and_its_epoch_has_ended(stores: Stores) -> None:
    first = await stores.leases.acquire("scheduler", holder="a", ttl_ms=1_000, at=0)
    assert first is not None
    await stores.leases.release(first)
    second = await stores.leases.acquire("scheduler", holder="a", ttl_ms=1_000, at=1)
    assert second is not None
    await stores.leases.release(first)

    assert second.epoch == 2
    assert await stores.leases.acquire("scheduler", holder="b", ttl_ms=1_000, at=2) is None


async def test_epochs_continue_after_a_restart(durable: OpenedStores) -> None:
    await durable.stores.leases.acquire("scheduler", holder="a", ttl_ms=1_000, at=0)
    stores = await durable.reopen()
    taken = await stores.leases.acquire("scheduler", holder="b", ttl_ms=1_000, at=1_000)

    assert taken is not None
    assert taken.epoch == 2


async def test_a_secret_is_visible_only_to_its_tenant(stores: Stores) -> None:
    await stores.secrets.put("acme", "s1", "whsec_geheim")

    assert await stores.secrets.get("acme", "s1") == "whsec_geheim"
    assert await stores.secrets.get("other", "s1") is None
    assert await stores.secrets.get("acme", "s2") is None


@pytest.mark.parametrize("value", ["", "é\U0001f600", "x" * 10_000])
async def test_a_secret_is_returned_unchanged(stores: Stores, value: str) -> None:
    await stores.secrets.put("acme", "s1", "earlier")
    await stores.secrets.put("acme", "s1", value)

    assert await stores.secrets.get("acme", "s1") == value


async def test_a_forgotten_secret_is_gone_for_its_tenant_alone(stores: Stores) -> None:
    for tenant in ("acme", "other"):
        await stores.secrets.put(tenant, "s1", "whsec_geheim")

    await stores.secrets.forget("acme", "s1")
    await stores.secrets.forget("acme", "never stored")

    assert await stores.secrets.get("acme", "s1") is None
    assert await stores.secrets.get("other", "s1") == "whsec_geheim"


async def test_a_secret_survives_a_restart_and_is_never_stored_in_plain_text(
    durable: OpenedStores,
) -> None:
    await durable.stores.secrets.put("acme", "s1", "whsec_geheim")
    stores = await durable.reopen()

    assert await stores.secrets.get("acme", "s1") == "whsec_geheim"
    assert not any(
        b"whsec_geheim" in path.read_bytes() for path in durable.folder.rglob("*") if path.is_file()
    )


def letter(number: int, **changed: Any) -> DeadLetter:
    message = Message(value=b"\xff\x00{", key=b"\x00k", headers=(("a", b"\xfe"), ("a", b"")))
    delivered = ReceivedMessage(topic="in/topic", partition=3, offset=number, at=5, message=message)
    return replace(dead_letter(delivered, "is not valid JSON", at=7), **changed)


async def test_a_dead_letter_is_returned_unchanged(stores: Stores) -> None:
    empty = letter(2, message=Message(value=None))
    await stores.dead_letters.put([letter(1), empty])
    await stores.dead_letters.put([])

    assert await stores.dead_letters.get(letter(1).letter_id) == letter(1)
    assert await stores.dead_letters.get(empty.letter_id) == empty
    assert await stores.dead_letters.get("unknown\0") is None
    assert letter(1).topic == "in/topic"
    assert letter(1).source == "in/topic/3@1"


async def test_a_message_rejected_twice_keeps_its_first_letter(stores: Stores) -> None:
    await stores.dead_letters.put([letter(1)])
    await stores.dead_letters.put([letter(1, reason="another", at=9), letter(2)])

    assert await stores.dead_letters.get(letter(1).letter_id) == letter(1)
    assert len(await stores.dead_letters.page()) == 2


async def test_dead_letters_are_paged_by_id(stores: Stores) -> None:
    letters = sorted((letter(number) for number in range(25)), key=lambda one: one.letter_id)
    await stores.dead_letters.put(letters[::-1])

    first = await stores.dead_letters.page(limit=10)
    second = await stores.dead_letters.page(after=first[-1].letter_id)

    assert list(first) == letters[:10]
    assert list(second) == letters[10:]
    assert list(await stores.dead_letters.page(after=letters[-1].letter_id)) == []


async def test_dead_letters_are_paged_by_time_the_newest_first(stores: Stores) -> None:
    letters = [letter(number, at=number // 3) for number in range(10)]
    await stores.dead_letters.put(letters)
    ordered = sorted(letters, key=lambda one: (one.at, one.letter_id), reverse=True)

    first = await stores.dead_letters.newest(limit=4)
    behind = (first[-1].at, first[-1].letter_id)

    assert list(first) == ordered[:4]
    assert list(await stores.dead_letters.newest(before=behind)) == ordered[4:]
    assert list(await stores.dead_letters.newest(before=(0, ""))) == []


async def test_a_redriven_dead_letter_records_the_time(stores: Stores) -> None:
    await stores.dead_letters.put([letter(1), letter(2)])
    await stores.dead_letters.mark_redriven(letter(1).letter_id, at=8)
    await stores.dead_letters.mark_redriven("unknown", at=8)
    await stores.dead_letters.put([letter(1)])

    assert await stores.dead_letters.get(letter(1).letter_id) == letter(1, redriven_at=8)
    assert await stores.dead_letters.get(letter(2).letter_id) == letter(2)


async def test_dead_letters_survive_a_restart(durable: OpenedStores) -> None:
    await durable.stores.dead_letters.put([letter(1)])

    assert await (await durable.reopen()).dead_letters.page() == [letter(1)]


async def test_the_last_use_of_each_api_key_is_kept(stores: Stores) -> None:
    assert await stores.api_key_uses.last() == {}
    await stores.api_key_uses.record({"k1": 5, "k2": 7})
    await stores.api_key_uses.record({"k1": 9, "k2": 6})
    await stores.api_key_uses.record({})

    assert await stores.api_key_uses.last() == {"k1": 9, "k2": 7}


async def test_servers_record_uses_at_the_same_time(stores: Stores) -> None:
    used = [{"k1": n, f"k{2 + n % 3}": n} for n in range(1, 20)]
    await asyncio.gather(*(stores.api_key_uses.record(one) for one in used))

    assert await stores.api_key_uses.last() == {"k1": 19, "k2": 18, "k3": 19, "k4": 17}


async def test_last_uses_survive_a_restart(durable: OpenedStores) -> None:
    await durable.stores.api_key_uses.record({"k1": 5})

    assert await (await durable.reopen()).api_key_uses.last() == {"k1": 5}
