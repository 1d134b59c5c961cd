"""An unreadable header is answered with 400, or with 401 where a signature is required."""

import pytest

from tests.api.raw_http import ACME, connected, post
from tests.kit.stack import RunningServer

UNREADABLE = [
    "ce-id: caf\xe9",
    "webhook-id: caf\xe9",
    "Idempotency-Key: caf\xe9",
    "Prefer: caf\xe9",
    "traceparent: caf\xe9",
    "X-Tenant: caf\xe9",
    "X-Anything: caf\xe9",
    f"Prefer: wait={'9' * 5_000}",
    f"Prefer: respond-async, wait = {'9' * 5_000}",
]
ROUTES = [f"{ACME}/echo", f"{ACME}/definitions", f"{ACME}/hooks/open", "/events"]


async def hook(server: RunningServer, path: str, *, signed: bool) -> None:
    more = {"secret": "a secret of many bytes", "validate_signature": True} if signed else {}
    body = {"slug": path, "hook": {"path": path, **more}}
    assert (await server.post(f"{ACME}/definitions", body)).status == 201


@pytest.mark.parametrize("line", UNREADABLE, ids=lambda line: line[:24])
async def test_an_unreadable_header_is_400(server: RunningServer, line: str) -> None:
    await hook(server, "open", signed=False)
    for path in ROUTES:
        async with connected(server) as connection:
            await connection.send(post(path, 2, line) + b"{}")
            answer = await connection.response()

            assert answer.status == 400, path
            assert b"caf" not in answer.raw


@pytest.mark.parametrize("line", UNREADABLE, ids=lambda line: line[:24])
async def test_an_unreadable_header_is_401_where_a_signature_is_required(
    server: RunningServer, line: str
) -> None:
    await hook(server, "signed", signed=True)
    standard = ("webhook-timestamp: 1", "webhook-signature: v1,x")
    for more in (
        (line,),
        (line, *standard),
        (line, "X-Signature: caf\xe9"),
        (line, "X-Signature: 1"),
    ):
        async with connected(server) as connection:
            await connection.send(post(f"{ACME}/hooks/signed", 2, *more, token=False) + b"{}")
            assert (await connection.response()).status == 401


@pytest.mark.parametrize(
    "line",
    ["Stripe-Signature: t={n},v1=x", "webhook-timestamp: {n}", "X-Hub-Signature-256: {n}"],
)
async def test_an_endless_number_in_a_signature_is_401(server: RunningServer, line: str) -> None:
    await hook(server, "signed", signed=True)
    async with connected(server) as connection:
        lines = ("webhook-id: 1", "webhook-signature: v1,x", line.format(n="9" * 5_000))
        await connection.send(post(f"{ACME}/hooks/signed", 2, *lines, token=False) + b"{}")

        assert (await connection.response()).status == 401


async def test_a_token_that_is_not_text_is_401(server: RunningServer) -> None:
    async with connected(server) as connection:
        line = "Authorization: Bearer caf\xe9"
        await connection.send(post(f"{ACME}/echo", 2, line, token=False) + b"{}")

        assert (await connection.response()).status == 401
