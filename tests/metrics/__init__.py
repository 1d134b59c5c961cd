"""Tests of the names and the figures of /metrics."""
