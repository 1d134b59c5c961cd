"""Functions of users and built-in ones: registry, loading and calls."""
