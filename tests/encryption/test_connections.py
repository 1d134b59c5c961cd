"""Connections to real servers: accepted and refused certificates and logins, and the errors."""

from dataclasses import replace

import pytest

from baton.backends.kafka import TRANSPORT
from baton.backends.postgres import BACKEND
from baton.backends.postgres.database import close_connection, connect
from baton.eventlog.errors import Misconfigured, Unavailable
from baton.eventlog.ports.backend import StoreLocation
from baton.eventlog.ports.transport import TransportLocation, TransportSecurity
from tests.servers.encrypted import (
    Certificates,
    EncryptedKafka,
    EncryptedPostgres,
    scram,
)
from tests.servers.kafka import server_url


async def connects(url: str) -> None:
    await close_connection(await connect(url))


async def test_postgres_takes_a_verified_connection_with_a_client_certificate(
    postgres: EncryptedPostgres,
) -> None:
    connection = await connect(postgres.url)
    try:
        assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    finally:
        await close_connection(connection)


async def test_a_certificate_of_another_authority_is_refused(
    postgres: EncryptedPostgres, certificates: Certificates
) -> None:
    url = postgres.address(sslmode="verify-full", sslrootcert=certificates.stranger)
    with pytest.raises(Misconfigured, match=r"isn't trusted .*: check sslrootcert"):
        await connects(url)


async def test_without_an_authority_the_system_decides(postgres: EncryptedPostgres) -> None:
    with pytest.raises(Misconfigured, match="isn't trusted"):
        await connects(postgres.address(sslmode="verify-full"))


async def test_a_certificate_of_another_name_is_refused(
    postgres: EncryptedPostgres, certificates: Certificates
) -> None:
    url = postgres.address("127.0.0.1", sslmode="verify-full", sslrootcert=certificates.authority)
    with pytest.raises(Misconfigured, match=r"isn't trusted .*127\.0\.0\.1"):
        await connects(url)


async def test_postgres_refuses_plain_text(postgres: EncryptedPostgres) -> None:
    with pytest.raises(Misconfigured, match="no encryption: check BATON_STORE"):
        await connects(postgres.address(sslmode="disable"))


async def test_a_migration_over_plain_text_fails_in_one_line(postgres: EncryptedPostgres) -> None:
    location = StoreLocation(url=postgres.address(sslmode="disable"), secrets_keys=())
    with pytest.raises(Misconfigured):
        await BACKEND.migrate(location)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_topics_are_created_over_an_encrypted_connection(
    kafka: EncryptedKafka, certificates: Certificates, mechanism: str
) -> None:
    security = replace(scram(certificates), sasl_mechanism=mechanism)
    prefix = f"{mechanism}."
    location = TransportLocation(
        url=kafka.url, prefix=prefix, records=f"{prefix}records", security=security
    )

    assert f"{prefix}runs" in await TRANSPORT.migrate(location)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"password": "wrong"},
            "refuses the user: check BATON_KAFKA_USERNAME",
        ),
        ({"sasl_mechanism": "SCRAM-SHA-256"}, "set BATON_KAFKA_SASL_MECHANISM"),
        ({"ca_file": None}, "isn't trusted .*: set BATON_KAFKA_CA_FILE"),
        ({"protocol": "SASL_PLAINTEXT", "ca_file": None}, "BATON_KAFKA_SECURITY_PROTOCOL"),
    ],
)
async def test_a_failed_handshake_with_kafka_names_the_setting(
    kafka: EncryptedKafka, certificates: Certificates, changed: dict[str, object], reason: str
) -> None:
    security = replace(scram(certificates), **changed)  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match=reason) as error:
        await TRANSPORT.migrate(TransportLocation(url=kafka.url, security=security))
    assert "\n" not in str(error.value)


async def test_a_broker_of_another_name_is_refused(
    kafka: EncryptedKafka, certificates: Certificates
) -> None:
    location = TransportLocation(
        url=f"kafka://127.0.0.1:{kafka.port}", security=scram(certificates)
    )
    with pytest.raises(Unavailable, match="has a certificate of another name"):
        await TRANSPORT.migrate(location)


async def test_a_broker_without_tls_is_refused(certificates: Certificates) -> None:
    security = TransportSecurity(protocol="SSL", ca_file=certificates.authority)
    with pytest.raises(Unavailable, match="BATON_KAFKA_SECURITY_PROTOCOL"):
        await TRANSPORT.migrate(TransportLocation(url=server_url(), security=security))
