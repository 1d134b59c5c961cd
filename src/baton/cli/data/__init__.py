"""Verbs that work with stored data and need no server."""
