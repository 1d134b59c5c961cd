"""Which hosts are this machine."""

import pytest

from baton.protocols.loopback import is_loopback


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost", "LOCALHOST.", "db.localhost"]
)
def test_a_host_of_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["", "0.0.0.0", "10.0.0.1", "db", "localhost.example", "127.0.0.1.example", "[fe80::1]"],
)
def test_another_host_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)
