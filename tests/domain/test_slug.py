"""Slugs: their syntax, and slugs that are made from names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.domain.definition.slug import is_slug, slug_of


@pytest.mark.parametrize("text", ["a", "0", "order-processing", "a-", "x" * 63])
def test_a_slug_is_lower_case_letters_digits_and_dashes(text: str) -> None:
    assert is_slug(text)


@pytest.mark.parametrize("text", ["", "-a", "A", "a_b", "a b", "a\n", "é", "٣", "x" * 64])
def test_anything_else_is_not_a_slug(text: str) -> None:
    assert not is_slug(text)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Order Processing Workflow", "order-processing-workflow"),
        ("  Größe & Café #2  ", "groe-cafe-2"),
        ("日本", "definition"),
        ("---", "definition"),
        ("a" * 62 + " b", "a" * 62),
        ("x" * 100, "x" * 63),
    ],
)
def test_a_slug_is_made_from_a_name(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_a_taken_slug_gets_a_number_that_fits() -> None:
    assert slug_of("Orders", 2) == "orders-2"
    assert slug_of("x" * 100, 10) == "x" * 60 + "-10"


@given(st.text(max_size=120), st.integers(1, 10_000))
def test_any_name_makes_a_slug(name: str, number: int) -> None:
    assert is_slug(slug_of(name, number))
