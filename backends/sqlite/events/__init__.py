"""Event streams in a SQLite file."""
