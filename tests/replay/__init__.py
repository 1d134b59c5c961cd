"""Recorded histories: every release reads what earlier releases wrote."""
