"""`baton worker`: what it refuses before it asks for tasks."""

from pathlib import Path

import pytest

from tests.cli.conftest import FUNCTIONS, Call


@pytest.fixture(autouse=True)
def functions(tmp_path: Path) -> None:
    (tmp_path / "orders.py").write_text(FUNCTIONS)


def test_without_a_log_it_says_what_to_set(call: Call) -> None:
    ended = call("worker", "--queue", "orders", "--functions", "orders.py")

    assert (ended.code, ended.out) == (1, "")
    assert "BATON_LOG=kafka://HOST:PORT" in ended.err


def test_without_functions_it_asks_for_them(call: Call) -> None:
    ended = call("worker", "--queue", "orders")

    assert ended.code == 1
    assert "--functions" in ended.err


@pytest.mark.parametrize("queue", ["", "to pay", "a/b", "é", "x" * 101, "a\n"])
def test_a_queue_that_is_no_name_is_bad_usage(call: Call, queue: str) -> None:
    ended = call("worker", "--queue", queue, "--functions", "orders.py")

    assert ended.code == 2
    assert "--queue" in ended.err


def test_dev_refuses_a_function_of_a_queue_that_no_log_leads_to(call: Call, tmp_path: Path) -> None:
    (tmp_path / "baton.toml").write_text('[functions.charge]\nqueue = "pay"\n')

    ended = call("dev", "--port", "0")

    assert ended.code == 1
    assert "'charge'" in ended.err
    assert "BATON_LOG=kafka://HOST:PORT" in ended.err
