"""A Kafka broker and a PostgreSQL server that take encrypted connections of known clients only.

Their certificates are made here, by an authority that no system trusts.
"""

from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from baton.eventlog.ports.transport import TransportSecurity
from tests.servers.availability import skip_or_fail, unused_port
from tests.servers.local_kafka import LocalKafka, kafka_jars
from tests.servers.local_postgres import LocalPostgres, postgres_programs

HOST = "localhost"
"""The name in the servers' certificates; they have none for 127.0.0.1."""
USER = "baton"
PASSWORD = "a-password-of-the-tests"
FILES = ("ca.pem", "stranger.pem", "client.pem", "client.key")
_PROTOCOLS = "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM: of the authority, of another one, and of a client."""

    authority: Path
    stranger: Path
    client: Path
    client_key: Path
    server: str
    server_key: str


def make_certificates(folder: Path) -> Certificates:
    """Write certificates into `folder`."""
    authority, stranger = trustme.CA(), trustme.CA()
    ca, other, client_file, key_file = (folder / name for name in FILES)
    server, client = authority.issue_cert(HOST), authority.issue_cert(common_name=USER)
    authority.cert_pem.write_to_path(ca)
    stranger.cert_pem.write_to_path(other)
    client.cert_chain_pems[0].write_to_path(client_file)
    client.private_key_pem.write_to_path(key_file)
    chain = b"".join(one.bytes() for one in server.cert_chain_pems).decode()
    key = _pkcs8(server.private_key_pem.bytes())
    return Certificates(ca, other, client_file, key_file, server=chain, server_key=key)


def scram(certificates: Certificates) -> TransportSecurity:
    """Return the security of a client that authenticates by SCRAM."""
    return TransportSecurity(
        protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        username=USER,
        password=PASSWORD,
        ca_file=certificates.authority,
    )


class EncryptedPostgres(LocalPostgres):
    """Takes TLS connections of clients that show a certificate of the authority."""

    def __init__(self, programs: Path, certificates: Certificates) -> None:
        super().__init__(programs)
        self._certificates = certificates
        options = {
            "ssl": "on",
            "ssl_cert_file": "server.crt",
            "ssl_key_file": "server.key",
            "ssl_ca_file": "authority.crt",
        }
        files = {
            "server.crt": certificates.server,
            "server.key": certificates.server_key,
            "authority.crt": certificates.authority.read_text(),
            "pg_hba.conf": f"hostssl all {USER} 127.0.0.1/32 trust clientcert=verify-ca\n",
        }
        self.configure(options, files)

    @property
    def url(self) -> str:
        """The address, with everything that a connection needs."""
        return self.address(
            sslmode="verify-full",
            sslrootcert=self._certificates.authority,
            sslcert=self._certificates.client,
            sslkey=self._certificates.client_key,
        )

    def address(self, host: str = HOST, **query: object) -> str:
        """Return an address with the given parameters."""
        shown = "&".join(f"{name}={value}" for name, value in query.items())
        return f"postgresql://{USER}@{host}:{self.port}/postgres?{shown}"


class EncryptedKafka(LocalKafka):
    """Takes TLS connections of a user with a password, by PLAIN or SCRAM-SHA-512."""

    def __init__(self, jars: Path, certificates: Certificates, folder: Path) -> None:
        self._keystore = folder / "broker.pem"
        self._keystore.write_text(certificates.server_key + certificates.server)
        self._inside = unused_port()
        super().__init__(jars)

    @property
    def servers(self) -> str:
        return f"{HOST}:{self.port}"

    def wipe(self) -> None:
        """Format the broker with its user."""
        self.format("--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]")

    def listeners(self, controller: str) -> dict[str, str]:
        """Return the properties of an encrypted listener, and of one for the broker itself."""
        name = "listener.name.sasl_ssl"
        inside = f"PLAINTEXT://127.0.0.1:{self._inside}"
        outside = f"SASL_SSL://127.0.0.1:{self.port}"
        return {
            "listeners": f"{outside},{inside},{controller}",
            "advertised.listeners": f"SASL_SSL://{self.servers},{inside}",
            "listener.security.protocol.map": _PROTOCOLS,
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            f"{name}.plain.sasl.jaas.config": f'{_PLAIN} required user_{USER}="{PASSWORD}";',
            f"{name}.scram-sha-512.sasl.jaas.config": f"{_SCRAM} required;",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._keystore),
        }


def encrypted_postgres(certificates: Certificates) -> EncryptedPostgres:
    """Return a server that isn't started yet; the caller ends it by `remove`."""
    programs = postgres_programs()
    if programs is None:
        skip_or_fail("PostgreSQL", "no local server")
    return EncryptedPostgres(programs, certificates)


def encrypted_kafka(certificates: Certificates, folder: Path) -> EncryptedKafka:
    """Return a broker that isn't started yet; the caller ends it by `remove`."""
    jars = kafka_jars()
    if jars is None:
        skip_or_fail("Kafka", "no Java 17 and Kafka jars on this machine")
    return EncryptedKafka(jars, certificates, folder)


def _pkcs8(key: bytes) -> str:
    """Return a private key in the form that Kafka reads."""
    loaded = load_pem_private_key(key, password=None)
    return loaded.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
