"""Bearer tokens: every invalid token gets the same 401."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from multidict import CIMultiDict

from baton.command_api.dialect.contract import FromHeader
from baton.command_api.http.refusal import Refused
from baton.command_api.security.auth import TokenAuthenticator
from baton.command_api.security.claims import ExpectedClaims
from baton.command_api.security.token_keys import SharedSecrets
from baton.eventlog.clock import SystemClock
from tests.api.running import running
from tests.api.tiny_dialect import DIALECT
from tests.kit.clock import ManualClock
from tests.kit.stack import SECRET, RunningServer, bearer, token

ECHO = "/tiny/acme/v1/definitions"
NOW = int(time.time())
DAY_S = 24 * 3_600


def parts(header: object, claims: object, signature: bytes = b"") -> str:
    encoded = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in encoded)


def signed(headers: dict[str, object] | None = None, **claims: object) -> str:
    defaults = {"sub": "ada", "tenant": "acme", "scope": "orchestrator:read", "exp": NOW + DAY_S}
    return jwt.encode({**defaults, **claims}, SECRET, algorithm="HS256", headers=headers)


GOOD = {"sub": "a", "tenant": "acme", "scope": "orchestrator:read", "exp": NOW + DAY_S}
BAD = {
    "empty": "",
    "no dots": "nonsense",
    "not base64": "a.b.c",
    "bad utf-8": "é.ü.ß",
    "alg none": parts({"alg": "none", "typ": "JWT"}, GOOD),
    "alg None": parts({"alg": "None"}, GOOD),
    "no alg": parts({"typ": "JWT"}, GOOD),
    "header is a list": parts([], GOOD),
    "claims are a list": parts({"alg": "HS256"}, []),
    "deep header": parts({"alg": "HS256"}, GOOD).replace(
        ".", "." + base64.urlsafe_b64encode(b"[" * 3000).decode() + ".", 1
    ),
    "no signature": parts({"alg": "HS256"}, GOOD),
    "other secret": jwt.encode(GOOD, "x" * 70, algorithm="HS256"),
    "HS512, same secret": jwt.encode(GOOD, SECRET, algorithm="HS512"),
    "HS384, same secret": jwt.encode(GOOD, SECRET, algorithm="HS384"),
    "expired": signed(exp=NOW - 60),
    "exp is text": signed(tenant="acme", exp=NOW + DAY_S).rsplit(".", 1)[0] + ".",
    "not yet": signed(nbf=NOW + DAY_S),
    "issued in the future": signed(iat=NOW + DAY_S),
    "no exp": token(exp=None),
    "no tenant": token(tenant=None),
    "tenant is empty": token(tenant=""),
    "tenant is a number": token(tenant=7),
    "tenant in capitals": token(tenant="ACME"),
    "tenant with a slash": token(tenant="acme/run"),
    "tenant in other letters": token(tenant="\u0430cme"),
    "tenants are none": token(tenant=[]),
    "tenants hold junk": token(tenant=["acme", None]),
    "scope is a list": token(scope=["orchestrator:read"]),
    "no sub": token(sub=None),
    "sub is empty": token(sub=""),
    "sub is a number": token(sub=7),
    "sub is too long": token(sub="a" * 256),
    "terminal codes in sub": token(sub="a\x1b[2J"),
    "a line end in sub": token(sub="a\nb"),
    "aud of another service": token(aud="billing"),
    "aud of several services": token(aud=["billing", "mail"]),
    "aud is empty": token(aud=[]),
    "groups is text": token(groups="admins"),
    "groups hold a number": token(groups=["admins", 7]),
    "groups hold a line end": token(groups=["admins\n"]),
    "NUL in sub": token(sub="a\0b"),
    "crit": signed({"crit": ["exp"]}),
    "refresh by typ": signed(typ="Refresh"),
    "refresh by use": signed(token_use="refresh"),
    "id token": signed(token_use="id"),
    "other typ": signed({"typ": "dpop+jwt"}),
    "exp is infinite": signed(exp=10**30),
    "exp is true": signed(exp=True),
}


@pytest.mark.parametrize("name", BAD)
async def test_every_invalid_token_gets_the_same_401(server: RunningServer, name: str):
    answer = await server.get(
        ECHO, anonymous=True, headers={"Authorization": f"Bearer {BAD[name]}"}
    )

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.body == {
        "tiny_error": "unauthorized",
        "message": "A valid bearer token is required",
    }


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x"])
async def test_another_authorization_scheme_is_401(server: RunningServer, header: str):
    answer = await server.get(ECHO, anonymous=True, headers={"Authorization": header})

    assert answer.status == 401


async def test_no_authorization_header_and_two_are_401(server: RunningServer):
    assert (await server.get(ECHO, anonymous=True)).status == 401
    good = f"Bearer {token()}"
    twice = CIMultiDict([("Authorization", good), ("Authorization", good)])
    async with server.session.get(server.url + ECHO, headers=twice) as response:
        assert response.status == 401


async def test_a_token_in_the_query_is_ignored(server: RunningServer):
    assert (await server.get(f"{ECHO}?access_token={token()}", anonymous=True)).status == 401


async def test_a_key_id_that_is_a_path_or_sql_finds_no_key(server: RunningServer):
    for kid in ("../../dev/null", "x' OR '1'='1", "\0"):
        for field in ("kid", "jku", "x5u"):
            good = signed({field: kid})
            answer = await server.get(
                ECHO, anonymous=True, headers={"Authorization": f"Bearer {good}"}
            )
            assert answer.status == 200


async def test_a_token_for_another_tenant_is_403(server: RunningServer):
    answer = await server.get(ECHO, headers=bearer(tenant="umbra"))

    assert (answer.status, answer.body["tiny_error"]) == (403, "forbidden")


async def test_a_token_for_several_tenants_is_valid_for_each(server: RunningServer):
    both = {"headers": bearer(tenant=["umbra", "acme"])}

    assert (await server.get(ECHO, **both)).status == 200
    assert (await server.get("/tiny/umbra/v1/definitions", **both)).status == 200
    assert (await server.get("/tiny/third/v1/definitions", **both)).status == 403


@pytest.mark.parametrize(
    ("scope", "read", "write", "admin"),
    [
        (None, 403, 403, 403),
        ("", 403, 403, 403),
        ("openid profile", 403, 403, 403),
        ("orchestrator:read", 200, 403, 403),
        ("orchestrator:write", 200, 200, 403),
        ("orchestrator:admin", 200, 200, 200),
        ("orchestrator:Admin orchestrator:*", 403, 403, 403),
    ],
)
async def test_admin_implies_write_implies_read(server, scope, read, write, admin):
    headers = bearer(scope=scope)

    assert (await server.get(ECHO, headers=headers)).status == read
    assert (await server.post("/tiny/acme/v1/echo", {}, headers=headers)).status == write
    assert (await server.get("/tiny/acme/v1/admin", headers=headers)).status == admin


async def test_a_tenant_header_is_required_once_and_must_match_the_token(tmp_path: Path):
    stella = replace(DIALECT, bases=("/s",), tenant=FromHeader(header="X-Stella-Tenant"))
    async with running(tmp_path, dialects=(stella,)) as server:

        async def status_for(*tenants: str) -> int:
            headers = CIMultiDict(bearer())
            for tenant in tenants:
                headers.add("X-Stella-Tenant", tenant)
            async with server.session.get(f"{server.url}/s/definitions", headers=headers) as got:
                return got.status

        assert await status_for("acme") == 200
        assert await status_for() == await status_for("") == await status_for("acme", "acme") == 400
        assert (
            await status_for("umbra")
            == await status_for("ACME")
            == await status_for("acme,umbra")
            == 403
        )


@pytest.mark.parametrize(
    "make",
    [
        lambda: "short",
        lambda: (
            rsa.generate_private_key(65537, 2048)
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode()
        ),
        lambda: "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 someone@somewhere",
    ],
)
def test_an_unsuitable_secret_is_refused(make: Callable[[], str]):
    with pytest.raises(ValueError, match="JWT secret"):
        SharedSecrets(make())


async def test_a_cached_token_is_refused_once_it_expires():
    clock = ManualClock(NOW * 1000)
    known = TokenAuthenticator(SharedSecrets(SECRET), clock)
    good = token(exp=NOW + 60)
    assert (await known.identify(good)).tenants == ("acme",)

    await clock.advance(64_000)
    assert (await known.identify(good)).subject == "ada"
    await clock.advance(1_000)

    with pytest.raises(Refused):
        await known.identify(good)


async def test_several_secrets_verify_and_a_removed_one_verifies_nothing():
    old, new, clock = SECRET, "another secret, just as long as the first one is", SystemClock()
    by_old, by_new = token(), jwt.encode(GOOD, new, algorithm="HS256")

    both = TokenAuthenticator(SharedSecrets(new, old), clock)
    assert (await both.identify(by_old)).subject == "ada"
    assert (await both.identify(by_new)).subject == "a"

    after = TokenAuthenticator(SharedSecrets(new), clock)
    assert (await after.identify(by_new)).subject == "a"
    with pytest.raises(Refused):
        await after.identify(by_old)


async def test_groups_are_a_list_of_text():
    known = TokenAuthenticator(SharedSecrets(SECRET), SystemClock())

    assert (await known.identify(token(groups=["ops", "ünïcode"]))).groups == ("ops", "ünïcode")
    assert (await known.identify(token())).groups == ()


async def test_a_configured_issuer_and_audience_are_required(tmp_path: Path):
    expected = ExpectedClaims(issuer="https://id.example", audience="baton")
    authenticator = TokenAuthenticator(SharedSecrets(SECRET), SystemClock(), expected)
    async with running(tmp_path, authenticator=authenticator) as server:
        cases: list[tuple[dict[str, object], int]] = [
            ({}, 401),
            ({"iss": "https://id.example"}, 401),
            ({"iss": "https://id.example", "aud": "other"}, 401),
            ({"iss": "https://evil.example", "aud": "baton"}, 401),
            ({"iss": "https://id.example", "aud": "baton"}, 200),
            ({"iss": "https://id.example", "aud": ["other", "baton"]}, 200),
        ]
        for claims, status in cases:
            assert (await server.get(ECHO, headers=bearer(**claims))).status == status
