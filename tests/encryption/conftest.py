"""One server each for all tests of this folder, with certificates that are made here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.encrypted import (
    Certificates,
    EncryptedKafka,
    EncryptedPostgres,
    encrypted_kafka,
    encrypted_postgres,
    make_certificates,
)

LIBPQ = ("PGHOST", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY")


@pytest.fixture(autouse=True)
def _without_defaults_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in LIBPQ:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encrypted")


@pytest.fixture(scope="session")
def certificates(folder: Path) -> Certificates:
    return make_certificates(folder)


@pytest.fixture(scope="session")
def postgres(certificates: Certificates) -> Iterator[EncryptedPostgres]:
    server = encrypted_postgres(certificates)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def kafka(certificates: Certificates, folder: Path) -> Iterator[EncryptedKafka]:
    server = encrypted_kafka(certificates, folder)
    try:
        server.start()
        yield server
    finally:
        server.remove()
