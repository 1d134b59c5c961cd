"""The pytest plugin: the fixture `baton`, and `--baton-update` for golden files.

It imports the engine when a test asks for it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from baton.testing.engines import Engine


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and settings."""
    group = parser.getgroup("baton", "tests of workflows")
    group.addoption(
        "--baton-update",
        action="store_true",
        help="write golden histories that differ instead of failing the test",
    )
    parser.addini(
        "baton_functions", "files or modules of functions, for the fixture baton", type="args"
    )
    parser.addini(
        "baton_definitions", "files or folders of definitions, for the fixture baton", type="paths"
    )


@pytest.fixture
def baton(request: pytest.FixtureRequest) -> "Iterator[Engine]":
    """Yield an engine of the test's own, which starts with its first call.

    It has the functions and definitions that `baton_functions` and `baton_definitions` name.
    """
    from baton.testing.engines import Engine  # noqa: PLC0415 - most tests of most projects need none
    from baton.testing.golden import GoldenFiles  # noqa: PLC0415 - as above

    config = request.config
    files = GoldenFiles(
        folder=request.path.parent,
        name=request.node.name,
        update=bool(config.getoption("--baton-update")),
    )
    made = Engine(
        *config.getini("baton_functions"),
        definitions=config.getini("baton_definitions"),
        golden=files,
    )
    yield made
    loop = made.loop
    if loop is not None and not (loop.is_closed() or loop.is_running()):
        loop.run_until_complete(made.close())
