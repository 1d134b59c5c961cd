"""Budgets: failed authentications, calls and open runs of a webhook, open runs of a tenant."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from baton.command_api.budgets import Budgets, Limits
from baton.command_api.budgets.limits import Rate
from baton.command_api.budgets.token_buckets import MAX_KEYS, TokenBuckets
from baton.domain.run.messages.run_events import RunRequested
from baton.eventlog.errors import Unavailable
from baton.projector.open_runs import OpenRuns
from tests.api.running import running
from tests.kit.eventually import eventually
from tests.kit.stack import RunningServer

ACME = "/tiny/acme/v1"
WRONG = {"Authorization": "Bearer wrong"}


def limited(**limits: object) -> Budgets:
    return Budgets(Limits(**limits))  # type: ignore[arg-type]


async def statuses(call: Callable[[], Awaitable[object]], times: int) -> list[int]:
    return [(await call()).status for _ in range(times)]  # type: ignore[attr-defined]


async def hook(server: RunningServer, slug: str = "open", **more: object) -> str:
    body = {"slug": slug, "hook": {"path": slug, **more}}
    answer = await server.post(f"{ACME}/definitions", body)
    assert answer.status == 201
    return str(answer.body["id"])


async def runs(server: RunningServer) -> int:
    return sum(isinstance(event, RunRequested) for event in await server.stored())


async def test_failed_authentications_past_the_budget_are_429_with_retry_after(
    tmp_path: Path,
) -> None:
    budgets = limited(failed_authentications=Rate(burst=5, per_s=0.01))
    async with running(tmp_path, budgets=budgets) as server:
        found = await statuses(lambda: server.get(f"{ACME}/definitions", headers=WRONG), 7)
        assert found == [401] * 5 + [429] * 2

        refused = await server.get(f"{ACME}/definitions", anonymous=True)
        assert (refused.status, refused.body["tiny_error"]) == (429, "rate_limited")
        assert 90 <= int(refused.headers["Retry-After"]) <= 100
        assert (await server.get(f"{ACME}/definitions")).status == 200


async def test_wrong_signatures_count_as_failed_authentications(tmp_path: Path) -> None:
    budgets = limited(failed_authentications=Rate(burst=2, per_s=0.01))
    async with running(tmp_path, budgets=budgets) as server:
        await hook(server, secret="a secret of many bytes", validate_signature=True)

        found = await statuses(lambda: server.post(f"{ACME}/hooks/open", {}, anonymous=True), 3)

    assert found == [401, 401, 429]


async def test_calls_of_one_unsigned_webhook_past_the_budget_are_429(tmp_path: Path) -> None:
    budgets = limited(webhook_calls=Rate(burst=3, per_s=0.01))
    async with running(tmp_path, budgets=budgets) as server:
        await hook(server, "first")
        await hook(server, "second")

        def call(name: str) -> Callable[[], Awaitable[object]]:
            return lambda: server.post(f"{ACME}/hooks/{name}", {}, anonymous=True)

        assert await statuses(call("first"), 5) == [200] * 3 + [429] * 2
        assert await statuses(call("second"), 1) == [200]
        assert await runs(server) == 4


async def test_open_runs_of_one_unsigned_webhook_past_the_limit_are_429(tmp_path: Path) -> None:
    async with running(tmp_path, budgets=limited(webhook_open_runs=2)) as server:
        await hook(server)
        path = f"{ACME}/hooks/open"
        answers = [await server.post(path, {}, anonymous=True) for _ in range(4)]

        assert [one.status for one in answers] == [200, 200, 429, 429]
        assert answers[-1].headers["Retry-After"] == "1"

        ended = answers[0].body["runId"]
        assert (await server.post(f"{ACME}/runs/{ended}/cancel")).status == 200

        async def one_more() -> bool:
            return (await server.post(path, {}, anonymous=True)).status == 200

        await eventually(one_more)
        assert await runs(server) == 3


async def test_a_signed_webhook_has_neither_budget(tmp_path: Path) -> None:
    budgets = limited(webhook_open_runs=1, webhook_calls=Rate(burst=1, per_s=0.01))
    async with running(tmp_path, budgets=budgets) as server:
        await hook(server, secret="a secret of many bytes", validate_signature=True)

        found = await statuses(lambda: server.post(f"{ACME}/hooks/open", {}, anonymous=True), 3)

    assert found == [401] * 3


async def test_open_runs_of_a_tenant_past_the_limit_are_429(tmp_path: Path) -> None:
    async with running(tmp_path, budgets=limited(tenant_open_runs=2)) as server:
        made = await server.post(f"{ACME}/definitions", {"slug": "mine"})
        path = f"{ACME}/definitions/{made.body['id']}/runs"
        await hook(server)

        assert await statuses(lambda: server.post(path, {}), 3) == [201, 201, 429]
        assert await statuses(lambda: server.post(f"{ACME}/hooks/open", {}), 1) == [429]
        again = {"Idempotency-Key": "refused"}
        assert (await server.post(path, {}, headers=again)).body["tiny_error"] == "rate_limited"
        assert await runs(server) == 2


async def test_a_retry_counts_as_an_open_run_if_it_reopens_one(tmp_path: Path) -> None:
    now = 0.0
    budgets = Budgets(tenant_runs=OpenRuns(2, now=lambda: now))
    async with running(tmp_path, budgets=budgets) as server:
        made = await server.post(f"{ACME}/definitions", {"slug": "mine"})
        path = f"{ACME}/definitions/{made.body['id']}/runs"
        run = f"{ACME}/runs/{(await server.post(path, {})).body['runId']}"

        async def status(post: str) -> int:
            return (await server.post(post, {})).status

        assert [await status(f"{run}/retry"), await status(path)] == [409, 201]
        assert [await status(f"{run}/cancel"), await status(f"{run}/retry")] == [200, 429]
        now = 1.0  # the runs are counted again
        assert [await status(f"{run}/retry"), await status(path)] == [200, 429]


async def test_runs_are_counted_in_the_views_when_a_key_is_new_and_at_the_limit() -> None:
    now, counts = 0.0, [3, 5, 4]
    budget = OpenRuns(5, now=lambda: now)

    async def count() -> int:
        return counts.pop(0)

    async def admitted() -> bool:
        return await budget.admit("acme", count)

    assert [await admitted() for _ in range(3)] == [True, True, False]
    assert counts == [5, 4]
    now = 1.0
    assert not await admitted()
    now = 2.0
    assert [await admitted() for _ in range(2)] == [True, False]
    assert counts == []


async def test_no_run_is_refused_while_the_runs_are_counted_again() -> None:
    now, counted = 0.0, asyncio.Event()
    budget = OpenRuns(3, now=lambda: now)

    async def none_is_open() -> int:
        await counted.wait()
        return 0

    counted.set()
    assert all([await budget.admit("acme", none_is_open) for _ in range(3)])
    now = 1.0
    counted.clear()
    asking = [asyncio.ensure_future(budget.admit("acme", none_is_open)) for _ in range(4)]
    await asyncio.sleep(0)
    assert not any(one.done() for one in asking)
    counted.set()

    assert await asyncio.gather(*asking) == [True, True, True, False]


async def test_runs_are_admitted_while_there_are_no_views_to_count_in() -> None:
    budget, views = OpenRuns(1), [False, False, True]

    async def count() -> int:
        if not views.pop(0):
            message = "the views don't exist yet"
            raise Unavailable(message)
        return 1

    assert [await budget.admit("acme", count) for _ in range(3)] == [True, True, False]


def test_a_bucket_refills_at_its_rate_and_computes_when() -> None:
    now = 100.0
    buckets = TokenBuckets(Rate(burst=2, per_s=0.5), now=lambda: now)

    assert [buckets.take("a"), buckets.take("a"), buckets.take("a")] == [0, 0, 2]
    assert buckets.take("b") == 0
    now += 2
    assert [buckets.take("a"), buckets.take("a")] == [0, 2]
    now += 1_000
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 2]


def test_a_rate_of_0_means_no_limit() -> None:
    for rate in (Rate(burst=0, per_s=1), Rate(burst=1, per_s=0)):
        assert not any(TokenBuckets(rate).take("a") for _ in range(100))


def test_buckets_of_many_keys_take_bounded_memory() -> None:
    now = 0.0
    buckets = TokenBuckets(Rate(burst=1, per_s=0.001), now=lambda: now)
    for key in range(3 * MAX_KEYS):
        buckets.take(str(key))

    assert len(buckets._full_at) <= MAX_KEYS
    assert buckets.take(str(3 * MAX_KEYS - 1)) > 0
