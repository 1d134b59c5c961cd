"""What becomes of a test whose server can't be found: it is skipped, and fails in CI."""

import os
import socket
from typing import NoReturn
from urllib.parse import urlsplit

import pytest


def absent(server: str, tried: str) -> NoReturn:
    """Skip the test that asked for a server, in plain sight."""
    message = f"no {server} to test with: {tried}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def docker_answers() -> bool:
    """Tell whether a container engine listens where testcontainers looks for it."""
    address = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    local = address.scheme == "unix"
    with socket.socket(socket.AF_UNIX if local else socket.AF_INET) as engine:
        engine.settimeout(5)
        try:
            engine.connect(address.path if local else (address.hostname, address.port or 2375))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
