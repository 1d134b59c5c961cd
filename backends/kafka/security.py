"""Encryption and authentication of Kafka clients."""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from baton.eventlog.errors import FileNotReadable, Misconfigured
from baton.eventlog.ports.transport import TransportSecurity
from baton.protocols.loopback import is_loopback

PLAINTEXT: Final = "PLAINTEXT"
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_WITH_TLS: Final = frozenset(("SSL", "SASL_SSL"))
_WITH_SASL: Final = frozenset(("SASL_SSL", "SASL_PLAINTEXT"))
_SETTING: Final = "BATON_KAFKA_"


@dataclass(frozen=True, slots=True)
class Security:
    """The protocol of every connection to a cluster.

    `options` are the arguments that each client of aiokafka gets; they hold the password.
    """

    protocol: str = PLAINTEXT
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __repr__(self) -> str:
        return f"Security({self.protocol})"

    @property
    def encrypted(self) -> bool:
        """Whether connections use TLS."""
        return self.protocol in _WITH_TLS


NO_SECURITY: Final = Security()


def resolve_security(settings: TransportSecurity, servers: Sequence[str]) -> Security:
    """Return the security of connections to `servers`, a list of `host:port`.

    Without a protocol, connections are plain text if every server is on loopback, and else use TLS.
    Raises `Misconfigured`, which names the setting.
    """
    protocol = settings.protocol or _default_protocol(servers)
    if protocol not in _PROTOCOLS:
        raise _wrong("SECURITY_PROTOCOL", f"{protocol!r} isn't one of {', '.join(_PROTOCOLS)}")
    _refuse_unused(settings, protocol)
    options: dict[str, object] = {"security_protocol": protocol}
    if protocol in _WITH_TLS:
        options["ssl_context"] = _tls_context(settings)
    if protocol in _WITH_SASL:
        options |= _sasl_options(settings, protocol)
    return Security(protocol, options)


def _default_protocol(servers: Sequence[str]) -> str:
    local = all(is_loopback(server.rpartition(":")[0]) for server in servers)
    return PLAINTEXT if local else "SSL"


def _refuse_unused(settings: TransportSecurity, protocol: str) -> None:
    """Raise `Misconfigured` for settings that `protocol` would silently ignore."""
    for_tls = {
        "CA_FILE": settings.ca_file,
        "CERT_FILE": settings.cert_file,
        "KEY_FILE": settings.key_file,
    }
    for_sasl = {
        "SASL_MECHANISM": settings.sasl_mechanism,
        "USERNAME": settings.username,
        "PASSWORD": settings.password,
    }
    for needed, group in ((_WITH_TLS, for_tls), (_WITH_SASL, for_sasl)):
        unused = [name for name, value in group.items() if value is not None]
        if unused and protocol not in needed:
            needs = f"needs {_SETTING}SECURITY_PROTOCOL=SASL_SSL"
            if needed is _WITH_TLS:
                needs += " or SSL"
            raise _wrong(unused[0], f"{needs}; it is {protocol}")


def _sasl_options(settings: TransportSecurity, protocol: str) -> Mapping[str, object]:
    if settings.sasl_mechanism not in MECHANISMS:
        raise _wrong("SASL_MECHANISM", f"{protocol} needs one of {', '.join(MECHANISMS)}")
    for name, value in (("USERNAME", settings.username), ("PASSWORD", settings.password)):
        if not value:
            raise _wrong(name, f"{protocol} needs it")
    return {
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_plain_username": settings.username,
        "sasl_plain_password": settings.password,
    }


def _tls_context(settings: TransportSecurity) -> ssl.SSLContext:
    """Return a context that verifies the brokers' certificates and names."""
    for name, path in (("CERT_FILE", settings.cert_file), ("KEY_FILE", settings.key_file)):
        if path is not None:
            _require_file(name, path)
    if settings.key_file is not None and settings.cert_file is None:
        raise _wrong("CERT_FILE", f"{_SETTING}KEY_FILE needs its certificate")
    context = ssl.create_default_context(cafile=_existing_authority(settings.ca_file))
    if settings.cert_file is not None:
        try:
            context.load_cert_chain(settings.cert_file, settings.key_file)
        except (ssl.SSLError, OSError) as error:
            message = f"{settings.cert_file} isn't a certificate with its key in PEM"
            raise _wrong("CERT_FILE", message) from error
    return context


def _existing_authority(path: Path | None) -> Path | None:
    if path is not None:
        _require_file("CA_FILE", path)
        try:
            ssl.create_default_context(cafile=path)
        except (ssl.SSLError, OSError) as error:
            raise _wrong("CA_FILE", f"{path} holds no certificate in PEM") from error
    return path


def _require_file(name: str, path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        message = f"Kafka: {_SETTING}{name}: {path} can't be read: {error.strerror}"
        raise FileNotReadable(message) from error


def _wrong(setting: str, message: str) -> Misconfigured:
    return Misconfigured(f"Kafka: {_SETTING}{setting}: {message}")
