"""Bulks: an action on many runs, its preview, its progress and the outcome for each run."""
