"""What becomes of a test whose server can't be found: it is skipped, and fails in CI."""

import os
import secrets
import shutil
import socket
from pathlib import Path
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


def quiet_port() -> int:
    """Return a free port that stays so while its server is down.

    It is none of those that the system gives to outgoing connections.
    """
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def in_memory(room: int) -> Path | None:
    """Return a folder that outlives any process but needs no disk, if it has `room` bytes."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or not os.access(memory, os.W_OK):
        return None
    return memory if shutil.disk_usage(memory).free >= room else None
