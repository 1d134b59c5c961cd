"""The strict JSON parser on arbitrary values and bytes: it parses JSON or raises `Invalid`."""

import json
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.domain.errors import Invalid
from baton.protocols.strict_json import INT64, MAX_VALUES, parse

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
LEAF = (
    st.none()
    | st.booleans()
    | st.integers(INT64[0], INT64[-1])
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
VALUE = st.recursive(
    LEAF, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=100
)


@given(VALUE)
def test_any_value_survives_writing_and_parsing(value: Any):
    assert parse(orjson.dumps(value)) == value
    assert parse(json.dumps(value).encode(), unique_keys=True) == value


@given(st.binary(max_size=200) | st.text('{}[]",:0123456789.eE+-\\u ntf', max_size=60))
def test_any_bytes_are_parsed_or_refused(raw: bytes | str):
    with suppress(Invalid):
        parse(raw if isinstance(raw, bytes) else raw.encode())


@given(VALUE, st.integers(min_value=2**63) | st.integers(max_value=-(2**63) - 1))
def test_an_integer_beyond_64_bits_is_refused_at_any_depth(value: Any, number: int):
    with pytest.raises(Invalid):
        parse(json.dumps({"a": value, "b": [{"c": number}]}).encode())


def test_repeated_member_names_are_refused_on_demand():
    raw = b'{"a": {"x": 1, "x": 2}}'

    assert parse(raw) == {"a": {"x": 2}}
    with pytest.raises(Invalid):
        parse(raw, unique_keys=True)


MANY = {
    "arrays": b"[" + b"[]," * MAX_VALUES + b"[]]",
    "numbers": b'{"input": [' + b"1," * MAX_VALUES + b"1]}",
    "texts": b"[" + b'"a",' * MAX_VALUES + b'"a"]',
    "texts with commas": b"[" + b'"a,",' * MAX_VALUES + b'"a,"]',
    "members": b"{" + b",".join(b'"%d":1' % n for n in range(MAX_VALUES)) + b"}",
    "nested arrays": b"[" + b"[[1]]," * (MAX_VALUES // 2) + b'"a"]',
}


@pytest.mark.parametrize("name", MANY)
def test_a_document_with_too_many_values_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="more than 100000 values"):
        parse(MANY[name])


@pytest.mark.parametrize(
    "document",
    [
        b"[" + b"1," * (MAX_VALUES - 2) + b"1]",
        b'{"a": "' + b",[{" * MAX_VALUES + b'"}',
        b'["' + b'\\",' * MAX_VALUES + b'"]',
    ],
)
def test_a_document_with_as_many_values_as_may_be_is_read(document: bytes) -> None:
    assert parse(document) == json.loads(document)


def test_a_limit_of_0_values_means_no_limit() -> None:
    assert parse(MANY["arrays"], max_values=0) == json.loads(MANY["arrays"])
