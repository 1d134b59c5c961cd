"""Results of functions: any storable JSON value is an output, any other fails the step."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from baton.domain.run.outcome import Failed, Succeeded
from baton.executor.functions.results import MAX_OUTPUT_BYTES, json_copy, outcome_of_result
from baton.executor.sdk import StepResult, function
from tests.executor.calls import a_call, functions_of


def nested(depth: int, innermost: object) -> object:
    for _ in range(depth):
        innermost = [innermost]
    return innermost


class Colour(StrEnum):
    RED = "red"


class Shape(Enum):
    ROUND = 1


@dataclass
class Item:
    sku: str
    price: Decimal
    shape: Shape = Shape.ROUND


class Receipt(BaseModel):
    number: UUID
    items: list[Item]
    paid_at: datetime | None = None


NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
ITEM = {"sku": "a", "price": "1.50", "shape": Shape.ROUND.value}


@pytest.mark.parametrize(
    ("returned", "written"),
    [
        (Receipt(number=UUID(int=1), items=[Item("a", Decimal("1.50"))], paid_at=NOON),
         {"number": str(UUID(int=1)), "items": [ITEM], "paid_at": "2025-01-01T12:00:00Z"}),
        ([Item("a", Decimal("1.50"))], [ITEM]),
        (NOON, "2025-01-01T12:00:00+00:00"),
        ({"on": NOON.date(), "at": NOON.time()}, {"on": "2025-01-01", "at": "12:00:00"}),
        (UUID(int=1), str(UUID(int=1))),
        (Decimal("1.10"), "1.10"),
        ([Shape.ROUND], [Shape.ROUND.value]),
        ({3, 1, 2}, [1, 2, 3]),
        ((1, (2, frozenset("a"))), [1, [2, ["a"]]]),
        (deque([1]), [1]),
        ({Colour.RED: 1, NOON.date(): 2}, {"red": 1, "2025-01-01": 2}),
        (StepResult(output=Item("a", Decimal("1.50"))), ITEM),
    ],
)  # fmt: skip
def test_an_output_of_models_dates_and_sets_is_written_as_json(
    returned: object, written: object
) -> None:
    assert outcome_of_result(returned) == Succeeded(output=written)


def test_a_context_patch_of_models_is_written_as_json() -> None:
    outcome = outcome_of_result(StepResult(context={"item": Item("a", Decimal("1.50"))}))

    assert outcome == Succeeded(context={"item": ITEM})


def test_bytes_are_refused_and_the_message_says_what_to_do() -> None:
    outcome = outcome_of_result({"raw": [b"bytes"]})

    assert isinstance(outcome, Failed)
    assert outcome.error.code == "INVALID_OUTPUT"
    assert "decode them, or encode them as base64" in outcome.error.message


@pytest.mark.parametrize(
    ("returned", "kept"),
    [
        (None, None),
        (False, False),
        ("", ""),
        (0, 0),
        (1.5, 1.5),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
        ((1, 2), [1, 2]),
        (defaultdict(list, a=[1]), {"a": [1]}),
        (Colour.RED, "red"),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        ("\\u0000", "\\u0000"),
        (nested(64, 1), nested(64, 1)),
        ("x" * (MAX_OUTPUT_BYTES - 2), "x" * (MAX_OUTPUT_BYTES - 2)),
    ],
)
def test_any_json_value_is_an_output(returned: object, kept: object) -> None:
    assert outcome_of_result(returned) == Succeeded(output=kept)


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        (float("nan"), "NaN"),
        ({"a": [float("-inf")]}, "NaN"),
        (2**63, "64 bits"),
        ([-(2**63) - 1], "64-bit"),
        ({1: 2}, "key must be str"),
        (b"bytes", "bytes"),
        (object(), "object"),
        ("\ud800", "UTF-8"),
        (["a\0b"], "NUL"),
        ({"a\0b": 1}, "NUL"),
        (nested(65, 1), "64 levels"),
        (nested(64, []), "64 levels"),
        (nested(300, []), "64 levels"),
        ("x" * (MAX_OUTPUT_BYTES - 1), "1048577 bytes"),
        (StepResult(context=[1]), "context patch"),  # type: ignore[arg-type]
        (StepResult(output={object()}), "object"),
        (StepResult(context={"a": {b"x"}}), "bytes"),
        (StepResult(context={"a": "x" * MAX_OUTPUT_BYTES}), "the context patch has 1048584 bytes"),
    ],
)
def test_a_result_that_is_not_json_fails_without_retry(returned: object, reason: str) -> None:
    outcome = outcome_of_result(returned)

    assert isinstance(outcome, Failed)
    assert outcome.error.code == "INVALID_OUTPUT"
    assert reason in outcome.error.message
    assert not outcome.retryable


class Proxy:
    """Stands for an object that can't be reached at present, as frameworks do."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("no request")


class LazyDict(dict[str, int]):
    def values(self) -> Any:
        raise SystemExit("no connection")


@pytest.mark.parametrize(("kind", "reason"), [(Proxy, "no request"), (LazyDict, "no connection")])
def test_a_result_that_raises_when_it_is_read_is_refused(
    kind: Callable[[], object], reason: str
) -> None:
    outcome = outcome_of_result([kind()] if kind is LazyDict else kind())

    assert isinstance(outcome, Failed)
    assert outcome.error.message == f"the output can't be written as JSON: {reason}"


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop += [loop, loop]

    assert isinstance(outcome_of_result(loop), Failed)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text("aé\\u0\n"),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner),
    )
)
def test_a_copy_equals_the_original_and_shares_nothing_with_it(value: object) -> None:
    copied = json_copy(value)

    assert copied == value
    assert copied is not value or not isinstance(value, list | dict)


async def test_a_def_that_returns_a_coroutine_fails_and_the_message_says_so() -> None:
    async def later() -> int:
        return 1

    @function("forgot")
    def forgot() -> object:
        return later()

    async with functions_of(forgot) as functions:
        outcome = await functions.call(a_call("forgot"))

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.retryable) == ("INVALID_OUTPUT", False)
    assert "coroutine" in outcome.error.message
