"""The host of an engine in the process of the test."""
