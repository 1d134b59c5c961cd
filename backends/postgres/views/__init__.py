"""Views as tables of PostgreSQL."""
