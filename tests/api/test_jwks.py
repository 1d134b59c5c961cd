"""Tokens of an identity provider: a key decides its algorithm, and an outage is tolerated."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import algorithms

from baton.command_api.http.refusal import Refused
from baton.command_api.security import jwks
from baton.command_api.security.auth import TokenAuthenticator
from baton.command_api.security.claims import ExpectedClaims
from baton.command_api.security.jwks import FRESH_MS, RETRY_MS, JwksKeys
from baton.eventlog.errors import Unavailable
from tests.kit.clock import ManualClock

NOW = int(time.time())
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
PAIRS: list[tuple[str, Any, Any]] = [
    ("RS256", RSA, algorithms.RSAAlgorithm),
    ("ES256", EC, algorithms.ECAlgorithm),
    ("EdDSA", ED, algorithms.OKPAlgorithm),
]


def public(algorithm: Any, key: Any, kid: str) -> dict[str, Any]:
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}


KEYS = [public(algorithm, key, name) for name, key, algorithm in PAIRS]


def token(key: Any, algorithm: str, kid: str | None, **more: object) -> str:
    claims = {"sub": "ada", "tenant": "acme", "scope": "orchestrator:read", "exp": NOW + 3600}
    claims |= {"aud": "baton", **more}
    return jwt.encode(claims, key, algorithm, headers={"kid": kid} if kid else None)


def part(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


class Provider:
    """Serves a key set; `fetches` counts the requests for it, `answers` holds them back."""

    def __init__(self, keys: list[dict[str, Any]]) -> None:
        self.document: object = {"keys": keys}
        self.status = 200
        self.fetches = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def answer(self, _: web.Request) -> web.Response:
        self.fetches += 1
        await self.answers.wait()
        return web.json_response(self.document, status=self.status)


@asynccontextmanager
async def provided(
    keys: list[dict[str, Any]],
) -> AsyncIterator[tuple[Provider, TokenAuthenticator, ManualClock]]:
    provider, app = Provider(keys), web.Application()
    app.router.add_get("/keys", provider.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    clock = ManualClock(NOW * 1000)
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/keys"
    expected = ExpectedClaims(audience="baton")
    try:
        yield provider, TokenAuthenticator(JwksKeys(address, clock), clock, expected), clock
    finally:
        provider.answers.set()
        await runner.cleanup()


async def test_each_key_verifies_its_own_algorithm():
    async with provided(KEYS) as (provider, known, _):
        for name, key, _algorithm in PAIRS:
            assert (await known.identify(token(key, name, name))).subject == "ada"
        assert provider.fetches == 1


async def test_a_public_key_is_never_an_hmac_secret():
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    jwk = json.dumps(KEYS[0]).encode()
    async with provided(KEYS) as (_, known, _clock):
        for secret in (pem, jwk):
            head = part(b'{"alg":"HS256","kid":"RS256"}')
            claims = {"sub": "ada", "tenant": "acme", "aud": "baton", "exp": NOW + 60}
            signed = head + b"." + part(json.dumps(claims).encode())
            mac = hmac.digest(secret, signed, "sha256")
            with pytest.raises(Refused):
                await known.identify((signed + b"." + part(mac)).decode())


async def test_a_key_refuses_the_algorithm_of_another_key_type():
    async with provided(KEYS) as (_, known, _clock):
        for bad in (token(RSA, "RS512", "RS256"), token(RSA, "PS256", "RS256")):
            with pytest.raises(Refused):
                await known.identify(bad)


async def test_a_symmetric_key_in_the_set_is_ignored():
    secret = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": "s"}
    async with provided([secret, KEYS[0]]) as (_, known, _clock):
        forged = token(b"secret-secret-secret-secret-secret", "HS256", "s")
        with pytest.raises(Refused):
            await known.identify(forged)
        # One usable key is left: a token that names none is its.
        assert (await known.identify(token(RSA, "RS256", None))).subject == "ada"


async def test_an_unknown_key_id_refetches_the_keys_but_not_for_every_token():
    async with provided(KEYS[:1]) as (provider, known, clock):
        rotated = token(EC, "ES256", "ES256")
        await clock.advance(1)
        for _ in range(5):
            with pytest.raises(Refused):
                await known.identify(rotated)
        assert provider.fetches == 1

        provider.document = {"keys": KEYS}
        await clock.advance(30_000)

        assert (await known.identify(rotated)).subject == "ada"
        assert provider.fetches == 2


async def test_requests_share_one_fetch_of_a_provider_that_hangs_and_none_repeats_a_failed_one(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(jwks, "_TIMEOUT", aiohttp.ClientTimeout(total=0.5))
    async with provided(KEYS) as (provider, known, clock):
        provider.answers.clear()
        began = time.monotonic()
        waiting = [known.identify(token(RSA, "RS256", f"garbage-{n}")) for n in range(8)]

        refused = await asyncio.gather(*waiting, return_exceptions=True)

        assert [type(one) for one in refused] == [Unavailable] * 8
        assert (provider.fetches, time.monotonic() - began < 1.5) == (1, True)

        for _ in range(8):
            with pytest.raises(Unavailable):
                await known.identify(token(RSA, "RS256", "RS256"))
        assert provider.fetches == 1

        provider.answers.set()
        await clock.advance(RETRY_MS)
        assert (await known.identify(token(RSA, "RS256", "RS256"))).subject == "ada"
        assert provider.fetches == 2


async def test_a_provider_that_hangs_delays_no_request_while_its_last_keys_are_known():
    async with provided(KEYS) as (provider, known, clock):
        await known.identify(token(RSA, "RS256", "RS256"))
        provider.status = 500
        await clock.advance(FRESH_MS)
        await known.identify(token(RSA, "RS256", "RS256"))
        provider.answers.clear()
        await clock.advance(RETRY_MS)

        async with asyncio.timeout(1):
            assert (await known.identify(token(RSA, "RS256", "RS256"))).subject == "ada"


NO_TOKENS = {
    "no token": "garbage",
    "two parts": "a.b",
    "four parts": token(RSA, "RS256", "new") + ".x",
    "not base64": "!.!.!",
    "a symmetric algorithm": jwt.encode({"sub": "ada"}, "x" * 32, "HS256", {"kid": "new"}),
    "no algorithm": jwt.encode({"sub": "ada"}, "", "none", {"kid": "new"}),
    "an unused algorithm": token(RSA, "PS512", "new"),
    "a long key id": token(RSA, "RS256", "k" * 256),
    "expired": token(RSA, "RS256", "new", exp=NOW - 60),
    "no expiry": token(RSA, "RS256", "new", exp=None),
    "no subject": token(RSA, "RS256", "new", sub=""),
    "no tenant": token(RSA, "RS256", "new", tenant=None),
}


@pytest.mark.parametrize("text", NO_TOKENS.values(), ids=NO_TOKENS)
async def test_text_that_cannot_be_a_token_never_leads_to_a_fetch(text: str):
    async with provided(KEYS) as (provider, known, _):
        with pytest.raises(Refused):
            await known.identify(text)

        assert provider.fetches == 0


async def test_a_withdrawn_key_ends_its_tokens_with_the_next_refresh():
    async with provided(KEYS) as (provider, known, clock):
        good = token(RSA, "RS256", "RS256")
        await known.identify(good)
        provider.document = {"keys": KEYS[1:]}

        await clock.advance(FRESH_MS - 1)
        assert (await known.identify(good)).subject == "ada"
        await clock.advance(1)

        with pytest.raises(Refused):
            await known.identify(good)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_an_rsa_key_under_2048_bits_is_ignored():
    weak = rsa.generate_private_key(65537, 1024)
    keys = [public(algorithms.RSAAlgorithm, weak, "weak"), KEYS[1]]
    async with provided(keys) as (_, known, _clock):
        with pytest.raises(Refused):
            await known.identify(token(weak, "RS256", "weak"))
        assert (await known.identify(token(EC, "ES256", "ES256"))).subject == "ada"


async def test_known_keys_stay_valid_while_the_provider_fails():
    async with provided(KEYS) as (provider, known, clock):
        await known.identify(token(RSA, "RS256", "RS256"))
        provider.status = 500
        await clock.advance(700_000)

        assert (await known.identify(token(EC, "ES256", "ES256"))).subject == "ada"
        assert provider.fetches == 2


@pytest.mark.parametrize("document", [{}, [], {"keys": 7}, "text"])
async def test_without_any_keys_every_request_is_503(document: object):
    async with provided([]) as (provider, known, _):
        provider.document = document
        with pytest.raises(Unavailable):
            await known.identify(token(RSA, "RS256", "RS256"))
