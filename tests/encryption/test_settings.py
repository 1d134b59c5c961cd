"""Settings of connections to Kafka and PostgreSQL: encrypted by default, no silent plain text."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from baton.backends.kafka.connection import connection_to
from baton.backends.postgres.tls import tls_of
from baton.eventlog.errors import Misconfigured
from baton.eventlog.ports.transport import TransportSecurity
from tests.servers.encrypted import PASSWORD, Certificates, scram

AWAY = "postgresql://baton@db.internal/baton"


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
