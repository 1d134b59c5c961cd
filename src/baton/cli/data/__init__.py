"""Verbs that work on the data of an installation."""
