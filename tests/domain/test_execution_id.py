"""Execution ids: each attempt has one, and it can be parsed."""

import pytest

from baton.domain.run.execution_id import (
    Execution,
    execution_id,
    idempotency_key,
    parse_execution_id,
)


@pytest.mark.parametrize("step_id", ["charge", "v1.2", "1.1"])
def test_an_execution_id_is_parsed_into_its_parts(step_id: str) -> None:
    execution = Execution("c" * 20, step_id, 3, 14)

    assert parse_execution_id(execution_id(*execution)) == execution


def test_attempts_of_one_visit_share_the_idempotency_key() -> None:
    key = idempotency_key("r", "charge", 1)

    assert [execution_id("r", "charge", 1, n) for n in (1, 2)] == [f"{key}.1", f"{key}.2"]


@pytest.mark.parametrize(
    "text",
    ["", "r", "r.1.1", "r..1.1", ".s.1.1", "r.s.1.x", "r.s.01.1", "r.s.1.²", "r.s.1." + "9" * 20],
)
def test_any_other_text_is_not_an_execution_id(text: str) -> None:
    assert parse_execution_id(text) is None
