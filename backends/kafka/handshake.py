"""Finds the reason why no client can connect, which aiokafka only logs."""

import ssl

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from baton.backends.kafka.client_lifecycle import CLOSE_TIMEOUT_S
from baton.backends.kafka.connection import CLIENT_ERRORS, Connection

_HOST_MISMATCH = (62, 64)
"""OpenSSL's codes for a certificate of another host name or address."""


async def explain_failure(connection: Connection) -> str | None:
    """Connect to each server until one fails; return the reason, and the setting to check.

    Returns None if every server can be connected to now.
    """
    for server in connection.servers:
        host, _, port = server.rpartition(":")
        try:
            opened = await create_conn(
                host.strip("[]"),
                int(port),
                client_id="baton",
                request_timeout_ms=round(1_000 * CLOSE_TIMEOUT_S),
                **connection.security.options,
            )
        except CLIENT_ERRORS as error:
            return f"{server} {_reason(error, connection)}"
        opened.close()
    return None


def _reason(error: Exception, connection: Connection) -> str:
    """Return the rest of a sentence that begins with the server's name."""
    protocol = connection.security.protocol
    match error:
        case ssl.SSLError():
            return _tls_reason(error)
        case UnsupportedSaslMechanismError():
            return "doesn't know the mechanism: set BATON_KAFKA_SASL_MECHANISM"
        case AuthenticationFailedError() | SaslAuthenticationFailed():
            return "refuses the user: check BATON_KAFKA_USERNAME and BATON_KAFKA_PASSWORD"
        case ConnectionResetError() | KafkaConnectionError():
            return f"closes the connection; is {protocol} its BATON_KAFKA_SECURITY_PROTOCOL?"
        case TimeoutError():
            return f"doesn't answer; is {protocol} its BATON_KAFKA_SECURITY_PROTOCOL?"
        case OSError():
            return f"can't be reached: {error.strerror or error}"
        case _:
            return f"can't be used: {str(error) or type(error).__name__}"


def _tls_reason(error: ssl.SSLError) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        client = "BATON_KAFKA_CERT_FILE and BATON_KAFKA_KEY_FILE, if it asks for a certificate"
        return (
            f"fails the TLS handshake ({error.reason}): check BATON_KAFKA_SECURITY_PROTOCOL, and "
            f"{client}"
        )
    if error.verify_code in _HOST_MISMATCH:
        return f"has a certificate of another name: {error.verify_message}"
    shown = error.verify_message
    return f"has a certificate that isn't trusted ({shown}): set BATON_KAFKA_CA_FILE"
