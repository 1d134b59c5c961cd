"""Performs the steps of runs and records their outcomes."""
