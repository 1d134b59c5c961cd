"""Verbs that run services."""
