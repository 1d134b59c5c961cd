"""Views as tables of a SQLite file."""
