"""A delivery: one event of a run that one webhook registration gets, and its attempts."""
