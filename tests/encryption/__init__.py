"""Encrypted and authenticated connections to Kafka and PostgreSQL, on real servers."""
