"""Helpers for tests of several folders: polling, clocks, stacks, builders of definitions."""
