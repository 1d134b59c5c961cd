"""Options of the test run, and the order of its tests."""

import os
import signal
import threading

import hypothesis
import pytest

# A test that takes long once, on a busy machine, has not failed.
hypothesis.settings.register_profile("without-deadline", deadline=None)
hypothesis.settings.load_profile("without-deadline")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--seeds",
        type=int,
        default=800,
        help="number of seeds that the simulation of all roles runs (tests/simulation)",
    )
    parser.addoption(
        "--all-streamed",
        action="store_true",
        help="each of 200 subscribers follows all of 1,000 runs instead of a tenth (tests/live)",
    )


def pytest_configure() -> None:
    """Give the processes that tests start an environment and signals that they can rely on.

    They share compiled files. A shell ignores SIGINT and SIGQUIT in what it runs in the background,
    and children would inherit that, so that no test could interrupt them.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            if signal.getsignal(number) is signal.SIG_IGN:
                default = signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL
                signal.signal(number, default)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run long tests first, in equal shares, so that the last process doesn't end alone.

    Long tests are those with a timeout of their own. pytest-xdist gives each process an equal part
    of the list, in order; the long tests are therefore placed at the start of each part.
    """
    processes = int(getattr(config, "workerinput", {"workercount": 1})["workercount"])
    count = len(items)
    long = sorted(filter(_timeout_s, items), key=_timeout_s, reverse=True)
    short = [item for item in items if not _timeout_s(item)]
    items.clear()
    for number in range(processes):
        first = long[number::processes]
        remaining = max(0, (count - len(items)) // (processes - number) - len(first))
        items += [*first, *short[:remaining]]
        del short[:remaining]


def _timeout_s(item: pytest.Item) -> float:
    """Return the test's own timeout in seconds, or 0."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0.0
