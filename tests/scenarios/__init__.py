"""Scenarios over real HTTP: API, executor, projector and scheduler on a real store."""
