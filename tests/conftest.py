"""Options of the test run."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--seeds",
        type=int,
        default=1_000,
        help="how many seeds the simulation of all roles plays (tests/simulation)",
    )
