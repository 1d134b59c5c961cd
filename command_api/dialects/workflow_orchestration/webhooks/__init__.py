"""Webhooks out: the data that a delivery carries."""
