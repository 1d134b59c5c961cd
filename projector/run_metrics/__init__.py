"""Metrics of runs and attempts, counted by a follower of the log."""
