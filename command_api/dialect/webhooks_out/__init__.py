"""Webhooks out, as far as dialects share it."""
