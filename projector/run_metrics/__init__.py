"""Figures of runs and attempts for /metrics, counted by a follower of the log."""
