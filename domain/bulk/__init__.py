"""A bulk: one action on many runs, with a recorded outcome for each run."""
