"""Verbs that talk to a running server."""
