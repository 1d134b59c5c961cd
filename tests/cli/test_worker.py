"""`baton worker` checks its settings before it asks for tasks."""

from pathlib import Path

import pytest

from tests.cli.conftest import FUNCTIONS, Call


@pytest.fixture(autouse=True)
def functions(tmp_path: Path) -> None:
    (tmp_path / "orders.py").write_text(FUNCTIONS)


def test_a_worker_needs_a_log_with_topics(call: Call) -> None:
    ended = call("worker", "--queue", "orders", "--functions", "orders.py")

    assert (ended.code, ended.out) == (1, "")
    assert "BATON_LOG=kafka://HOST:PORT" in ended.err


def test_a_worker_needs_functions(call: Call) -> None:
    ended = call("worker", "--queue", "orders")

    assert ended.code == 1
    assert "--functions" in ended.err


@pytest.mark.parametrize("queue", ["", "to pay", "a/b", "é", "x" * 101, "a\n"])
def test_a_malformed_queue_name_is_wrong_usage(call: Call, queue: str) -> None:
    ended = call("worker", "--queue", queue, "--functions", "orders.py")

    assert ended.code == 2
    assert "--queue" in ended.err


def test_dev_without_kafka_refuses_functions_of_queues(call: Call, tmp_path: Path) -> None:
    (tmp_path / "baton.toml").write_text('[functions.charge]\nqueue = "pay"\n')

    ended = call("dev", "--port", "0")

    assert ended.code == 1
    assert "'charge'" in ended.err
    assert "BATON_LOG=kafka://HOST:PORT" in ended.err
