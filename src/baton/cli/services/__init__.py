"""Verbs that run services until they are stopped."""
