"""Webhooks out: registrations, deliveries, and the data that a delivery carries."""
