"""Options of the test run, and how its tests are shared out among processes."""

import os

import hypothesis
import pytest

# A test that takes long once, on a busy machine, has not failed.
hypothesis.settings.register_profile("without-deadline", deadline=None)
hypothesis.settings.load_profile("without-deadline")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--seeds",
        type=int,
        default=1_000,
        help="how many seeds the simulation of all roles plays (tests/simulation)",
    )


def pytest_configure() -> None:
    """Let services that tests start find what others have compiled."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the tests that take long, dealt out evenly: at the end all would wait for them.

    They are those with a timeout of their own. Each process begins with an equal part of the list,
    one behind the other.
    """
    processes = int(getattr(config, "workerinput", {"workercount": 1})["workercount"])
    count = len(items)
    long = sorted(filter(_timeout_s, items), key=_timeout_s, reverse=True)
    short = [item for item in items if not _timeout_s(item)]
    items.clear()
    for number in range(processes):
        dealt = long[number::processes]
        room = (count - len(items)) // (processes - number) - len(dealt)
        items += [*dealt, *short[: max(room, 0)]]
        del short[: max(room, 0)]


def _timeout_s(item: pytest.Item) -> float:
    """Return the timeout that a test was given, or 0."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0.0
