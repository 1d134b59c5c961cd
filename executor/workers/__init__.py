"""Remote workers: the executor's client of them, the worker itself, and their messages."""
