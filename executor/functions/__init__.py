"""Functions of users and built-in functions: their registry, loading and calls."""
