"""Checks for servers and ports; a test without its server is skipped, and fails in CI."""

import os
import secrets
import socket
from typing import NoReturn
from urllib.parse import urlsplit

import pytest


def skip_or_fail(server: str, tried: str) -> NoReturn:
    """Skip the running test with a visible reason; fail it in CI.

    Args:
        server: Name of the missing server.
        tried: The places that were searched for it.
    """
    message = f"no {server} to test with: {tried}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def docker_is_available() -> bool:
    """Whether a container engine listens at the address that testcontainers uses."""
    address = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    local = address.scheme == "unix"
    with socket.socket(socket.AF_UNIX if local else socket.AF_INET) as engine:
        engine.settimeout(5)
        try:
            engine.connect(address.path if local else (address.hostname, address.port or 2375))
        except OSError:
            return False
    return True


def unused_port() -> int:
    """Return a free port below the ephemeral range.

    The system assigns no outgoing connection to it, so it stays free while its server is down. Each
    process of a test run has a range of its own, and returns no port twice.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 15_000 + worker % _RANGES * _PORTS
    while True:
        port = first + secrets.randbelow(_PORTS)
        if port in _returned:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _returned.add(port)
        return port


_RANGES, _PORTS = 17, 1_000
_returned: set[int] = set()
