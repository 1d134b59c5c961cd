"""Calls Python functions: on the event loop, in threads and in processes."""
