"""Baton's own paths."""
