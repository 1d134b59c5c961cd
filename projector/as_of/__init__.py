"""Reads events and views as they were at an earlier position of the log."""
