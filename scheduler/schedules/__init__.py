"""Fires schedules: each due tick becomes a run."""
