"""Tests of traces: the fold of events into spans, and their export to a collector."""
