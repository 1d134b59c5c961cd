"""The text of API keys: recognizable, and refused when a character is wrong."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.domain.ids import id_text
from baton.protocols.api_key_text import (
    MAX_LENGTH,
    SECRET_BYTES,
    KeyName,
    hash_key,
    make_key,
    parse_key,
)

secrets = st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES)
tenants = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)
ids = st.binary(min_size=12, max_size=12).map(id_text)
KEY = make_key("acme", "d3k0c8s9q1v2b4n5m6a7", bytes(range(32)))


@given(tenants, ids, secrets)
def test_a_key_names_its_tenant_and_its_id(tenant: str, key_id: str, secret: bytes) -> None:
    text = make_key(tenant, key_id, secret)

    assert parse_key(text) == KeyName(tenant, key_id)
    assert len(text) <= MAX_LENGTH
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)


@given(secrets, secrets)
def test_different_secrets_make_different_keys(one: bytes, other: bytes) -> None:
    keys = {make_key("acme", "d" * 20, secret) for secret in (one, other)}

    assert len(keys) == len({hash_key(key) for key in keys}) == len({one, other})


@given(st.integers(0, len(KEY) - 1), st.sampled_from("0aZ_-é "))
def test_a_key_with_a_wrong_character_is_none(place: int, character: str) -> None:
    wrong = KEY[:place] + character + KEY[place + 1 :]

    assert (parse_key(wrong) is None) == (wrong != KEY)


@pytest.mark.parametrize(
    "text",
    ["", "baton_", KEY[:-1], KEY + "0", f" {KEY}", f"{KEY}\n", KEY.upper(), "x" * 100_000],
)
def test_another_text_is_no_key(text: str) -> None:
    assert parse_key(text) is None


def test_the_form_of_keys_never_changes() -> None:
    assert KEY == (
        "baton_acme_d3k0c8s9q1v2b4n5m6a7_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1yFMrN"
    )
    assert hash_key("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
