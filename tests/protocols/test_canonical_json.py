"""Canonical JSON is that of RFC 8785, by its own examples and by the rfc8785 package."""

import math
import struct
from random import Random
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from baton.protocols.canonical_json import canonical, digest, ecmascript_number

SAFE = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | SAFE | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
EXAMPLE = {
    "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": '\u20ac$\u000f\nA\'B"\\\\"/',
    "literals": [None, True, False],
}
"""The example of RFC 8785, 3.2.2."""
SORTED = (
    b'{"\\r":"Carriage Return","1":"One","\xc2\x80":"Control\x7f",'
    b'"\xc3\xb6":"Latin Small Letter O With Diaeresis","\xe2\x82\xac":"Euro Sign",'
    b'"\xf0\x9f\x98\x80":"Emoji: Grinning Face",'
    b'"\xef\xac\xb3":"Hebrew Letter Dalet With Dagesh"}'
)
"""The example of RFC 8785, 3.2.3."""


def test_the_example_of_the_rfc_has_its_canonical_form() -> None:
    assert canonical(EXAMPLE) == (
        b'{"literals":[null,true,false],'
        b'"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_members_are_sorted_by_utf_16_code_units() -> None:
    assert (
        canonical(
            {
                "\u20ac": "Euro Sign",
                "\r": "Carriage Return",
                "\ufb33": "Hebrew Letter Dalet With Dagesh",
                "1": "One",
                "\U0001f600": "Emoji: Grinning Face",
                "\u0080": "Control\u007f",
                "\u00f6": "Latin Small Letter O With Diaeresis",
            }
        )
        == SORTED
    )


@given(VALUES)
def test_any_value_has_the_form_that_the_rfc8785_package_gives_it(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_random_doubles_are_written_as_ecmascript_writes_them() -> None:
    random = Random(8785)
    for _ in range(10_000):
        (number,) = struct.unpack("d", random.randbytes(8))
        if math.isfinite(number):
            assert ecmascript_number(number).encode() == rfc8785.dumps(number)


@pytest.mark.parametrize("number", [2**53, -(2**63), 2**63 - 1])
def test_integers_beyond_2_to_the_53_keep_all_digits(number: int) -> None:
    assert canonical([number]) == b"[%d]" % number


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_without_a_json_form_are_refused(number: float) -> None:
    with pytest.raises(ValueError, match="NaN"):
        canonical({"a": [number]})


def test_a_hash_is_the_lower_case_sha_256() -> None:
    assert digest(canonical({"b": 1, "a": 2.0})) == (
        "d3626ac30a87e6f7a6428233b3c68299976865fa5508e4267c5415c76af7a772"
    )
