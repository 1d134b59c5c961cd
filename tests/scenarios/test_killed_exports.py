"""`kill -9` of a server that sends an export: its client sees a body without an end."""

import json
import signal
import socket
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cli.processes import Dev, dev
from tests.dialects.orchestrator_client import dag, step

DAGS = "/api/v1/orchestrator/dags"
VERSIONS = 10
"""Each has 900 kB: together they are more than the sockets of both sides hold."""


def connection_to(server: Dev) -> HTTPConnection:
    """Return a connection whose socket holds little, so that the server has to wait for it."""
    address = urlsplit(server.url)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=10)
    connection.sock = socket.socket()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.sock.settimeout(10)
    connection.sock.connect((address.hostname, address.port))
    return connection


def test_an_export_of_a_killed_server_is_incomplete(tmp_path: Path) -> None:
    with dev(tmp_path) as server, closing(connection_to(server)) as connection:
        headers = {"Authorization": f"Bearer {server.token}", "X-Stella-Tenant": "demo"}
        for version in range(VERSIONS):
            body = dag("large", str(version), step("a", with_={"text": "x" * 900_000}))
            more = {"Idempotency-Key": str(version), "Content-Type": "application/json"}
            connection.request("POST", DAGS, json.dumps(body), {**headers, **more})
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (201, True)
        connection.request("GET", DAGS, headers={**headers, "Accept": "application/x-ndjson"})
        with connection.getresponse() as export:
            received = export.readline()
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            with pytest.raises(IncompleteRead):
                export.read()

    assert (export.status, json.loads(received)["version"]) == (200, str(VERSIONS - 1))
