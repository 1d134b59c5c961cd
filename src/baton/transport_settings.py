"""The address of the configured transport, as the settings give it."""

from baton.eventlog.ports.transport import TransportLocation, TransportSecurity
from baton.settings import Settings


def transport_location(settings: Settings) -> TransportLocation:
    """Return the address of the configured transport and the names of its topics."""
    password = settings.kafka_password
    return TransportLocation(
        url=settings.log,
        prefix=settings.topic_prefix,
        records=settings.records_topic,
        security=TransportSecurity(
            protocol=settings.kafka_security_protocol,
            sasl_mechanism=settings.kafka_sasl_mechanism,
            username=settings.kafka_username,
            password=None if password is None else password.get_secret_value(),
            ca_file=settings.kafka_ca_file,
            cert_file=settings.kafka_cert_file,
            key_file=settings.kafka_key_file,
        ),
    )
