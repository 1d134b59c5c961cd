"""A definition with several webhooks: each has its own path, secret, header and deliveries."""

import hmac
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from baton.command_api.budgets.limits import Rate
from baton.command_api.budgets.token_buckets import TokenBuckets
from baton.domain.definition.messages import Body, DefinitionCreated, DefinitionUpdated
from tests.dialects.baton_documents import own_definition
from tests.kit.stack import Response
from tests.scenarios.stack import Stack, running_stack

BODY = b'{"amount": 1}'
SHOP, BANK = "the secret of the shop", "the secret of the bank"
_tenants = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def of_module(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path_factory.mktemp("webhooks")) as running:
        yield running


@pytest.fixture
def stack(of_module: Stack) -> Stack:
    return replace(of_module, tenant=f"hooks-{next(_tenants)}")


def payments(*webhooks: dict[str, Any]) -> dict[str, Any]:
    return own_definition("payments", trigger=[*webhooks])


THREE = (
    {"webhook": "shop/paid", "secret": SHOP},
    {"webhook": "bank", "secret": BANK, "header": "X-Bank"},
    {"webhook": None},
)


def mac(secret: str) -> str:
    return hmac.digest(secret.encode(), BODY, "sha256").hex()


async def made(stack: Stack, *webhooks: dict[str, Any]) -> dict[str, Any]:
    answer = await stack.post("/definitions", payments(*(webhooks or THREE)))
    assert answer.status == 201, answer.raw
    return dict(answer.body)


async def called(stack: Stack, path: str, headers: dict[str, str] | None = None) -> Response:
    """Call a webhook of the tenant without a token."""
    base = stack.client("centrali-openapi").base
    given = {"Content-Type": "application/json", **(headers or {})}
    return await stack.call("POST", base + path, data=BODY, headers=given, anonymous=True)


async def test_each_webhook_takes_the_signatures_of_its_own_secret(stack: Stack) -> None:
    ident = (await made(stack))["id"]
    shop, bank, by_id = "/webhooks/shop/paid", "/webhooks/bank", f"/orchestrations/{ident}/webhook"

    taken = [
        await called(stack, shop, {"X-Signature": mac(SHOP)}),
        await called(stack, bank, {"X-Bank": mac(BANK)}),
        await called(stack, by_id),
    ]
    refused = [
        await called(stack, shop, {"X-Signature": mac(BANK)}),
        await called(stack, shop, {"X-Bank": mac(SHOP)}),
        await called(stack, bank, {"X-Bank": mac(SHOP)}),
        await called(stack, bank, {"X-Signature": mac(BANK)}),
        await called(stack, bank),
    ]

    assert [one.status for one in taken] == [200] * 3
    assert [one.status for one in refused] == [401] * 5
    causes = [(await stack.get(f"/runs/{one.body['runId']}")).body["trigger"] for one in taken]
    assert [one["path"] for one in causes] == ["shop/paid", "bank", "webhook"]
    listed = (await stack.get("/runs?trigger=webhook")).body["runs"]
    assert {one["id"] for one in listed} == {one.body["runId"] for one in taken}


async def test_without_one_of_no_path_the_first_webhook_is_called_by_id(stack: Stack) -> None:
    ident = (await made(stack, *THREE[:2]))["id"]

    answers = [
        await called(stack, f"/orchestrations/{ident}/webhook", headers)
        for headers in ({"X-Signature": mac(SHOP)}, {"X-Bank": mac(BANK)})
    ]

    assert [one.status for one in answers] == [200, 401]


async def test_deliveries_of_two_webhooks_with_the_same_id_are_two(stack: Stack) -> None:
    await made(stack, {"webhook": "a"}, {"webhook": "b"})
    first, second = {"webhook-id": "1"}, {"webhook-id": "2"}

    answers = [
        await called(stack, f"/webhooks/{path}", headers)
        for path, headers in [("a", first), ("b", first), ("a", first), ("a", second)]
    ]

    a, b, again, other = (one.body["runId"] for one in answers)
    assert again == a
    assert len({a, b, other}) == 3


async def test_each_unsigned_webhook_has_its_own_calls(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ident = (await made(stack, {"webhook": "a"}, {"webhook": "b"}))["id"]
    twice = TokenBuckets(Rate(burst=2, per_s=0.001))
    monkeypatch.setattr(stack.services.budgets, "webhook_calls", twice)

    paths = ["/webhooks/a", f"/orchestrations/{ident}/webhook", "/webhooks/a", "/webhooks/b"]
    answers = [(await called(stack, path)).status for path in paths]

    assert answers == [200, 200, 429, 200]


async def secrets_in_use(stack: Stack) -> list[str | None]:
    """Return the secrets that the newest version names, in the order of its webhooks."""
    bodies: list[Body] = [
        one.body
        for one in await stack.stored()
        if isinstance(one, DefinitionCreated | DefinitionUpdated)
    ]
    ids = [getattr(one, "secret_id", None) for one in bodies[-1].triggers]
    return [one and await stack.services.secrets.get(stack.tenant, one) for one in ids]


async def test_one_secret_changes_and_the_others_stay(stack: Stack) -> None:
    await made(stack)
    shown = (await stack.get("/definitions/payments")).body
    newer = "the newer secret of the bank"
    shop, bank, plain = shown["trigger"]

    same = await stack.call("PUT", "/definitions/payments", json=payments(*THREE))
    changed = await stack.call(
        "PUT", "/definitions/payments", json=payments(plain, {**bank, "secret": newer}, shop)
    )

    assert [same.body["version"], changed.body["version"]] == [1, 2]
    assert await secrets_in_use(stack) == [None, newer, SHOP]
    answers = [
        await called(stack, "/webhooks/shop/paid", {"X-Signature": mac(SHOP)}),
        await called(stack, "/webhooks/bank", {"X-Bank": mac(newer)}),
        await called(stack, "/webhooks/bank", {"X-Bank": mac(BANK)}),
    ]
    assert [one.status for one in answers] == [200, 200, 401]


async def test_a_removed_webhook_frees_its_path_and_erases_its_secret(stack: Stack) -> None:
    shown = await made(stack)
    other = {**payments({"webhook": "bank"}), "slug": "other"}
    before = await stack.post("/definitions", other)

    await stack.call("PUT", "/definitions/payments", json=payments(shown["trigger"][0]))
    after = await stack.post("/definitions", other)
    again = await stack.call("PUT", "/definitions/payments", json=payments(*shown["trigger"]))
    returned = {**shown["trigger"][1], "webhook": "bank/2"}
    await stack.call("PUT", "/definitions/payments", json=payments(shown["trigger"][0], returned))

    assert [before.status, after.status, again.status] == [409, 201, 409]
    assert await secrets_in_use(stack) == [SHOP, None]
    reasons = (await stack.get("/definitions/payments/explain")).body["because"]
    assert [(one["code"], one["text"].partition(" is ")[0]) for one in reasons] == [
        ("WEBHOOK", "It waits for calls of its webhook 'shop/paid'"),
        ("NO_SECRET", "Every call of its webhook 'bank/2'"),
    ]


async def test_no_answer_and_no_event_shows_a_secret(stack: Stack) -> None:
    ident = (await made(stack))["id"]
    position = await stack.services.past.newest()
    await stack.call("PUT", "/definitions/payments", json=payments(*THREE[:2]))

    answers = {
        path: await stack.get(path)
        for path in (
            "/definitions",
            "/definitions/payments",
            "/definitions/payments/versions/1",
            "/definitions/payments/diff?from=1&to=2",
            "/definitions/payments/explain",
            f"/definitions/payments?asOf={position}",
            f"/streams/definition/{ident}/events",
        )
    }
    answers["PUT"] = await stack.call("PUT", "/definitions/payments", json=payments(*THREE))
    answers["401"] = await called(stack, "/webhooks/bank")

    assert [(path, one.status) for path, one in answers.items() if one.status != 200] == [
        ("401", 401)
    ]
    secrets = (SHOP.encode(), BANK.encode())
    assert [path for path, one in answers.items() if any(two in one.raw for two in secrets)] == []
    assert SHOP not in repr(await stack.stored())
    shown = [{**one, "signed": True} for one in THREE[:2]]
    for one in shown:
        del one["secret"]
    assert answers["/definitions/payments"].body["trigger"] == shown
    assert answers[f"/definitions/payments?asOf={position}"].body["trigger"] == [*shown, THREE[2]]
    (change,) = answers["/definitions/payments/diff?from=1&to=2"].body["changes"]
    assert (change["member"], len(change["before"]), len(change["after"])) == ("trigger", 3, 2)


async def test_a_dialect_shows_the_first_webhook_and_changes_its_secret(stack: Stack) -> None:
    shown = await made(stack)
    newer = "the newer secret of the shop"

    for name in ("centrali-openapi", "centrali-reference"):
        client, path = stack.client(name), f"/orchestrations/{shown['id']}"
        answer = await client.get(path)
        trigger = answer.body.get("data", answer.body)["trigger"]
        assert (trigger["type"], trigger["path"]) == ("http-trigger", "shop/paid")
        given = {"trigger": {**trigger, "signingSecret": f"{newer} {name}"}}
        assert (await client.put(path, given)).status == 200
        moved = {"trigger": {**trigger, "path": "elsewhere"}}
        assert (await client.put(path, moved)).status == 409

    assert await secrets_in_use(stack) == [f"{newer} centrali-reference", BANK, None]
