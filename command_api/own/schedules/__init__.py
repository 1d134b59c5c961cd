"""Schedules: the timetables of definitions, and those that stand beside them."""
