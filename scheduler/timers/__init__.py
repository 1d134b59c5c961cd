"""Timers that are due become step events."""
