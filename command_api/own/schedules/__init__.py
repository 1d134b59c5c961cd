"""Schedules: those of definitions' triggers, and separate ones."""
