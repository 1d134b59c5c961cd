"""Figures that /metrics shows, counted without I/O."""
