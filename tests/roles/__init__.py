"""Roles as a process builds, runs and stops them."""
