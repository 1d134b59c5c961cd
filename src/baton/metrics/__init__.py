"""Exports the figures of a process in the families of Prometheus."""
