"""Polling returns the first true value, and a failure names the condition and its last value."""

from itertools import count

import pytest

from tests.kit.eventually import NotInTime, eventually, eventually_blocking, eventually_moving


async def test_the_first_true_value_is_returned() -> None:
    calls = count()

    assert await eventually(lambda: next(calls) // 3) == 1


async def test_a_coroutine_function_is_awaited() -> None:
    calls = count()

    async def third_call() -> bool:
        return next(calls) == 2

    assert await eventually(third_call)


async def test_a_failure_names_the_condition_and_its_last_value() -> None:
    last_value: list[int] = []

    with pytest.raises(NotInTime, match=r"(?s)not within 0\.02 s: .*last_value.*\[\].*more of it"):
        await eventually(lambda: last_value, within_s=0.02, explain=lambda: "and more of it")


async def test_only_named_exceptions_count_as_not_yet() -> None:
    empty: dict[str, int] = {}

    with pytest.raises(NotInTime, match="it raised KeyError"):
        await eventually(lambda: empty["key"], within_s=0.02, retry_on=(KeyError,))
    with pytest.raises(KeyError):
        await eventually(lambda: empty["key"])


def test_a_test_without_an_event_loop_polls_as_well() -> None:
    calls = count()

    assert eventually_blocking(lambda: next(calls) == 2)


async def test_a_measure_is_polled_for_as_long_as_it_moves() -> None:
    calls = count()

    async def measure() -> int:
        return next(calls)

    assert await eventually_moving(measure, lambda value: value == 5, still_s=1) == 5
    with pytest.raises(NotInTime, match=r"stuck at \d+ within 0\.02 s"):
        await eventually_moving(measure, lambda _value: False, still_s=1, within_s=0.02)


async def test_a_measure_that_stands_still_fails_with_its_value_and_an_explanation() -> None:
    async def measure() -> str:
        return "half-way"

    async def explain() -> str:
        return "all about it"

    with pytest.raises(NotInTime, match=r"(?s)stuck at 'half-way' for 0\.02 s\nall about it"):
        await eventually_moving(measure, lambda _value: False, still_s=0.02, explain=explain)
