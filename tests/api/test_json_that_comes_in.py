"""The JSON reader against any bytes and any value: it reads what is JSON and raises one thing."""

import json
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.command_api.http.json_body import INT64, parse_json
from baton.command_api.http.refusal import Refused

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
def test_any_value_is_read_as_it_was_written(value: Any):
    assert parse_json(orjson.dumps(value)) == value
    assert parse_json(json.dumps(value).encode(), unique_keys=True) == value


@given(st.binary(max_size=200) | st.text('{}[]",:0123456789.eE+-\\u ntf', max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes | str):
    with suppress(Refused):
        parse_json(raw if isinstance(raw, bytes) else raw.encode())


@given(VALUE, st.integers(min_value=2**63) | st.integers(max_value=-(2**63) - 1))
def test_an_integer_that_cannot_be_kept_is_refused_wherever_it_stands(value: Any, number: int):
    with pytest.raises(Refused):
        parse_json(json.dumps({"a": value, "b": [{"c": number}]}).encode())


def test_repeated_names_are_refused_in_documents_that_are_signed():
    raw = b'{"a": {"x": 1, "x": 2}}'

    assert parse_json(raw) == {"a": {"x": 2}}
    with pytest.raises(Refused):
        parse_json(raw, unique_keys=True)
