"""Turns record events into runs."""
