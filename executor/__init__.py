"""Performs the steps that events describe and reports their outcomes."""
