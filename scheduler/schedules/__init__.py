"""Ticks of schedules become runs."""
