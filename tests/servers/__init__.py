"""Kafka and PostgreSQL for tests: at an address, in a container, or as a local process."""
