"""A delivery: sends one event of a run to one webhook registration, in several attempts."""
