"""Counts and durations of runs, and the state of the services."""
