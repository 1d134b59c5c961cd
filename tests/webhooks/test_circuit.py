"""The circuit breaker of a receiver."""

from baton.scheduler.deliveries.circuit import FAILURES_TO_OPEN, LONGEST_OPEN_MS, Circuit


def opened(at: int = 0) -> Circuit:
    circuit = Circuit(first_open_ms=1_000)
    for _ in range(FAILURES_TO_OPEN):
        circuit.failed(at, probe=circuit.begin())
    return circuit


def test_failures_in_a_row_open_it() -> None:
    circuit = Circuit(first_open_ms=1_000)
    for _ in range(FAILURES_TO_OPEN - 1):
        circuit.failed(0, probe=circuit.begin())
    circuit.succeeded()
    circuit.failed(0, probe=circuit.begin())

    assert circuit.wait_ms(0) == 0
    assert opened().wait_ms(0) == 1_000


def test_one_request_probes_an_open_circuit() -> None:
    circuit = opened()
    assert (circuit.wait_ms(400), circuit.wait_ms(1_000)) == (600, 0)

    assert circuit.begin()
    assert circuit.wait_ms(1_000) is None
    circuit.succeeded()

    assert circuit.wait_ms(1_000) == 0
    assert not circuit.begin()


def test_each_failed_probe_doubles_the_wait_up_to_a_minute() -> None:
    circuit, now, waits = opened(), 0, list[int]()
    for _ in range(9):
        now += circuit.wait_ms(now) or 0
        circuit.failed(now, probe=circuit.begin())
        waits.append(circuit.wait_ms(now) or 0)

    assert waits[:3] == [2_000, 4_000, 8_000]
    assert waits[-1] == LONGEST_OPEN_MS


def test_a_request_from_before_it_opened_changes_nothing() -> None:
    circuit = opened()
    assert circuit.begin()

    circuit.failed(900, probe=False)

    assert circuit.wait_ms(900) is None


def test_a_probe_that_is_not_sent_is_none() -> None:
    circuit = opened()
    assert circuit.begin()

    circuit.abandon()

    assert circuit.wait_ms(1_000) == 0


def test_a_clock_that_is_put_back_does_not_prolong_the_wait() -> None:
    assert opened(at=1_000_000).wait_ms(5) == 1_000
