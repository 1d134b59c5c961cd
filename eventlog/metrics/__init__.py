"""Histograms for /metrics, counted without I/O."""
