"""`baton token` signs with the configured secret or with that of a data folder."""

import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.cli.conftest import Call

SECRET = "a secret of the tests that is long enough"


def claims(token: str, audience: str | None = None) -> dict[str, Any]:
    return dict(jwt.decode(token.strip(), SECRET, algorithms=["HS256"], audience=audience))


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_JWT_SECRET", SECRET)


def test_a_token_holds_subject_tenant_and_scope(call: Call, secret: None) -> None:
    ended = call("token", "--tenant", "acme", "--subject", "ada", "--scope", "orchestrator:read")

    said = claims(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert (said["tenant"], said["sub"], said["scope"]) == ("acme", "ada", "orchestrator:read")


def test_a_token_allows_reading_and_writing_for_an_hour(call: Call, secret: None) -> None:
    before = int(time.time())

    said = claims(call("token", "--tenant", "acme").out)

    assert said["scope"] == "orchestrator:read orchestrator:write"
    assert said["exp"] - said["iat"] == 3_600
    assert said["iat"] >= before


@pytest.mark.parametrize(
    ("ttl", "lasts"), [("90s", 90), ("15m", 900), ("2h", 7_200), ("30d", 2_592_000)]
)
def test_the_lifetime_of_a_token_can_be_set(call: Call, secret: None, ttl: str, lasts: int) -> None:
    said = claims(call("token", "--tenant", "acme", "--ttl", ttl).out)

    assert said["exp"] - said["iat"] == lasts


def test_a_token_can_be_valid_for_several_tenants(call: Call, secret: None) -> None:
    said = claims(call("token", "--tenant", "acme", "--tenant", "bolt").out)

    assert said["tenant"] == ["acme", "bolt"]


def test_a_token_names_the_configured_issuer_and_audience(
    call: Call, secret: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_JWT_ISSUER", "https://issuer.example")
    monkeypatch.setenv("BATON_JWT_AUDIENCE", "baton")

    said = claims(call("token", "--tenant", "acme").out, audience="baton")

    assert (said["iss"], said["aud"]) == ("https://issuer.example", "baton")


def test_each_data_folder_has_its_own_secret(call: Call, tmp_path: Path) -> None:
    (tmp_path / "jwt.secret").write_text(SECRET + "\n")

    assert claims(call("token", "--tenant", "acme", "--data", tmp_path).out)["tenant"] == "acme"


def test_a_missing_secret_is_reported_and_not_created(call: Call, tmp_path: Path) -> None:
    ended = call("token", "--tenant", "acme")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "There is no JWT secret in .baton: set BATON_JWT_SECRET, or name the folder of a"
        " `baton dev` with --data or BATON_DATA\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_key_pair_cannot_sign_tokens(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "BATON_JWT_SECRET", "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"
    )

    ended = call("token", "--tenant", "acme")

    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert ended.err.startswith("BATON_JWT_SECRET can't sign tokens: ")
