"""Record events as CloudEvents 1.0 or as plain payloads, over HTTP and in Kafka messages."""
