"""Turns record events, schedules and timers into trigger events."""
