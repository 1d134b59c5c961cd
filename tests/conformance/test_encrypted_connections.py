"""Connections to Kafka and PostgreSQL: encrypted by default, never silently plain text."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from baton.backends.kafka import TRANSPORT
from baton.backends.kafka.connection import connection_to
from baton.backends.postgres import BACKEND
from baton.backends.postgres.database import close_connection, connect
from baton.backends.postgres.tls import tls_of
from baton.eventlog.errors import Misconfigured, Unavailable
from baton.eventlog.ports.backend import StoreLocation
from baton.eventlog.ports.transport import TransportLocation, TransportSecurity
from tests.servers.encrypted import (
    PASSWORD,
    USER,
    Certificates,
    EncryptedKafka,
    EncryptedPostgres,
    encrypted_kafka,
    encrypted_postgres,
    make_certificates,
)

LIBPQ = ("PGHOST", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY")
AWAY = "postgresql://baton@db.internal/baton"


@pytest.fixture(autouse=True)
def _without_defaults_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in LIBPQ:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encrypted")


@pytest.fixture(scope="module")
def certificates(folder: Path) -> Certificates:
    return make_certificates(folder)


@pytest.fixture(scope="module")
def postgres(certificates: Certificates) -> Iterator[EncryptedPostgres]:
    server = encrypted_postgres(certificates)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="module")
def kafka(certificates: Certificates, folder: Path) -> Iterator[EncryptedKafka]:
    server = encrypted_kafka(certificates, folder)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def scram(certificates: Certificates) -> TransportSecurity:
    return TransportSecurity(
        protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        username=USER,
        password=PASSWORD,
        ca_file=certificates.authority,
    )


async def connects(url: str) -> None:
    await close_connection(await connect(url))


@pytest.mark.parametrize("query", ["", "?application_name=x"])
def test_off_loopback_postgres_is_verified_in_full_by_default(query: str) -> None:
    context = tls_of(AWAY + query)

    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize("mode", ["disable", "require"])
def test_an_explicit_mode_of_postgres_is_honored(mode: str) -> None:
    assert tls_of(f"{AWAY}?sslmode={mode}") == mode


def test_a_mode_of_the_environment_is_honored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "disable")
    assert tls_of(AWAY) == "disable"


@pytest.mark.parametrize("mode", ["prefer", "allow"])
@pytest.mark.parametrize(
    "url",
    [
        AWAY,
        "postgresql://127.0.0.1,db.internal/baton",
        "postgresql:///baton?host=db.internal",
        "postgresql://baton:p%40ss@10.0.0.1:5432/baton",
    ],
)
def test_a_silent_fallback_to_plain_text_is_refused(url: str, mode: str) -> None:
    with pytest.raises(Misconfigured, match=f"sslmode={mode} may send plain text"):
        tls_of(f"{url}{'&' if '?' in url else '?'}sslmode={mode}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://127.0.0.1/baton",
        "postgresql://baton:pass@localhost:5433/baton",
        "postgresql://[::1]:5433/baton",
        "postgresql:///baton",
        "postgresql:///baton?host=/var/run/postgresql",
        "postgresql://%2Fvar%2Frun/baton",
    ],
)
def test_on_loopback_the_driver_chooses(url: str) -> None:
    assert tls_of(url) is None


@pytest.mark.parametrize(
    "query", ["sslmode=verfiy-full", "sslrootcert=/none.pem", "sslcert=/none.pem", "sslkey=/no.key"]
)
def test_a_wrong_parameter_of_the_address_is_named(query: str) -> None:
    with pytest.raises(Misconfigured, match=query.replace("=", "=.*")):
        tls_of(f"{AWAY}?{query}")


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


def test_off_loopback_kafka_is_encrypted_by_default() -> None:
    security = connection_to("kafka://127.0.0.1,broker.internal").security

    context = security.options["ssl_context"]
    assert security.protocol == "SSL"
    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize("servers", ["localhost", "127.0.0.1:9092,[::1]:9093"])
def test_on_loopback_kafka_is_plain_text_by_default(servers: str) -> None:
    assert connection_to(f"kafka://{servers}").security.protocol == "PLAINTEXT"


def test_off_loopback_plain_text_needs_the_word() -> None:
    explicit = TransportSecurity(protocol="PLAINTEXT")
    assert connection_to("kafka://broker.internal", explicit).security.protocol == "PLAINTEXT"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"protocol": "TLS"}, "SECURITY_PROTOCOL"),
        ({"protocol": None}, "SASL_MECHANISM"),
        ({"protocol": "SSL"}, "SASL_MECHANISM"),
        ({"protocol": "SASL_PLAINTEXT"}, "CA_FILE"),
        ({"sasl_mechanism": None}, "SASL_MECHANISM"),
        ({"sasl_mechanism": "GSSAPI"}, "SASL_MECHANISM"),
        ({"username": None}, "USERNAME"),
        ({"password": ""}, "PASSWORD"),
        ({"ca_file": Path("/none.pem")}, "CA_FILE"),
        ({"ca_file": Path("/dev/null")}, "CA_FILE"),
        ({"cert_file": Path("/none.pem")}, "CERT_FILE"),
        ({"cert_file": Path("/dev/null")}, "CERT_FILE"),
        ({"key_file": Path("/dev/null")}, "CERT_FILE"),
    ],
)
def test_a_wrong_setting_of_kafka_is_named(
    certificates: Certificates, changed: dict[str, object], named: str
) -> None:
    with pytest.raises(Misconfigured, match=f"BATON_KAFKA_{named}") as error:
        connection_to("kafka://broker", replace(scram(certificates), **changed))  # type: ignore[arg-type]
    assert PASSWORD not in str(error.value)


def test_the_password_is_not_shown(certificates: Certificates) -> None:
    given = scram(certificates)
    assert PASSWORD not in f"{given} {connection_to('kafka://broker', given)}"


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
    from tests.servers.kafka import server_url  # noqa: PLC0415 - starts another broker

    security = TransportSecurity(protocol="SSL", ca_file=certificates.authority)
    with pytest.raises(Unavailable, match="BATON_KAFKA_SECURITY_PROTOCOL"):
        await TRANSPORT.migrate(TransportLocation(url=server_url(), security=security))
