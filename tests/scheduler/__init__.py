"""The scheduler on a clock that tests move."""
