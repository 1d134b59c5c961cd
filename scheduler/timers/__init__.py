"""Fires due timers, which become events of steps."""
