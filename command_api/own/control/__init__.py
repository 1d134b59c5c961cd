"""Requests that change a run: cancel it, retry it, pause and resume it."""
