"""Bulks: performs one action on many runs, and records the outcome of each run."""
