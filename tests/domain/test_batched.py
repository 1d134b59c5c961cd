"""Batches of commands: decided in order, all of them or without the skipped ones."""

import pytest

from baton.domain.decider import Batch, Decider, batched


class TooMuch(Exception):
    """A total that may not exceed ten."""


def decide(amount: int, total: int) -> list[int]:
    if total + amount > 10:
        raise TooMuch
    return [amount] if amount else []


TOTAL: Decider[int, int, int] = Decider("total", 0, decide, lambda total, amount: total + amount)


def test_each_command_is_decided_on_the_state_after_the_one_before() -> None:
    assert batched(TOTAL).apply(Batch([3, 0, 4]), 1) == ([3, 4], 8)
    assert batched(TOTAL).decide(Batch([3, 0, 4]), 1) == [3, 4]


def test_one_refusal_refuses_the_batch() -> None:
    with pytest.raises(TooMuch):
        batched(TOTAL).apply(Batch([3, 8]), 0)


def test_skipped_commands_are_counted_and_leave_no_event() -> None:
    batch, rules = Batch([3, 8, 4, 9]), batched(TOTAL, skip=(TooMuch,))

    assert rules.apply(batch, 0) == ([3, 4], 7)
    assert batch.skipped == 2
    assert rules.apply(batch, 0) == ([3, 4], 7)
    assert batch.skipped == 2
